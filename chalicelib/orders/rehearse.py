"""rehearse(): what would become of an order if it were handed over now. Nothing is stored, nothing is started.

The payment is not rehearsed: whether a card will be charged, only charging it can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.errors import Reason
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent
from chalicelib.domain.reservation import shortages
from chalicelib.domain.state import fold
from chalicelib.orders.again import ASKED, Difference, OrderConflict, Terms, revision_brought
from chalicelib.orders.checks import holds_on, reasons_against
from chalicelib.ports import Clock, EventStore, Inventory, ReferenceData


class Would(StrEnum):
    """What accept() would do with it."""

    ACCEPT = "accept"
    REPEAT = "repeat"
    REVISE = "revise"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class SkuNow:
    """Pieces `ordered` over all lines, and how many can be reserved now; None: of this SKU there is no stock at all."""

    sku: str
    ordered: int
    available: int | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """As of now. `reasons`: everything for which the workflow would reject the order; `revision`: which it would be.

    `possible_totals`: what the lines add up to, in the ways that are accepted. `differences`, `advice`: of a conflict.
    """

    would: Would
    revision: int
    reasons: tuple[Reason, ...]
    possible_totals: tuple[Money, ...]
    stock: tuple[SkuNow, ...]
    reference_versions: dict[str, str]
    differences: tuple[Difference, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Raises DependencyUnavailable, CorruptHistory."""

    events: EventStore
    reference: ReferenceData
    inventory: Inventory
    clock: Clock

    def __call__(
        self, content: OrderContent, correlation_id: str = "", channel: str = "rest", terms: Terms = ASKED
    ) -> Rehearsal:
        now, wanted = self.clock.now(), content.quantities()
        available = {sku: self.inventory.available(sku) for sku in wanted}
        reasons = (
            *reasons_against(content, self.reference, now),
            *shortages(wanted, available),
            *holds_on(content, self.reference, now),
        )
        would, revision, conflict = self._taken(content, correlation_id, channel, terms)
        return Rehearsal(
            would,
            revision,
            reasons,
            tuple(sorted(content.possible_totals())),
            tuple(SkuNow(sku, pieces, available[sku]) for sku, pieces in wanted.items()),
            self.reference.versions(),
            conflict.differences if conflict else (),
            conflict.advice if conflict else "",
        )

    def _taken(
        self, content: OrderContent, correlation_id: str, channel: str, terms: Terms
    ) -> tuple[Would, int, OrderConflict | None]:
        recorded = self.events.load(content.order_id)
        if not recorded:
            return Would.ACCEPT, 1, None
        order = fold(recorded)
        try:
            brought = revision_brought(order, content, correlation_id, channel, terms)
        except OrderConflict as conflict:
            return Would.CONFLICT, order.revision, conflict
        if brought is None:
            return Would.REPEAT, order.revision, None
        return Would.REVISE, brought.revision, None
