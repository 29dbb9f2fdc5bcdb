"""Watches the orders of a page to their end, and cancels them if the batch is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.batches.model import Cancellation, Page
from chalicelib.batches.pages.orders import ids_of, standing
from chalicelib.batches.ports import OrderRows
from chalicelib.domain.errors import Refused
from chalicelib.observability import logger
from chalicelib.orders.commands import OrderCommands


@dataclass(frozen=True, slots=True)
class Settling:
    """For one call of the worker: `asked` are the orders whose cancellation was asked for in it."""

    orders: OrderRows
    commands: OrderCommands
    asked: set[str] = field(default_factory=set)

    def running(self, page: Page) -> Page:
        """With what became of the orders that run."""
        return self._settled(page, page.open)

    def all(self, page: Page) -> Page:
        """Of those too that had failed: somebody may have redriven them."""
        return self._settled(page, (*page.open, *page.parked))

    def cancel(self, page: Page, cancellation: Cancellation) -> None:
        """Once per order. An order for which it is too late goes on to its end, and is counted there."""
        for order_id in ids_of((*page.open, *page.parked)):
            if order_id in self.asked:
                continue
            self.asked.add(order_id)
            try:
                self.commands.cancel(order_id, cancellation.by, cancellation.reason)
            except Refused as refusal:
                logger().info("order has moved on", extra={"order_id": order_id, "reason": str(refusal)})

    def _settled(self, page: Page, names: Sequence[str]) -> Page:
        rows = self.orders.rows(ids_of(names)) if names else {}
        return page.settled(standing(names, rows))
