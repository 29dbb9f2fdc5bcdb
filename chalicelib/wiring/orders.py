"""The one way in for orders, and the commands upon them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.orders.accept import Intake
    from chalicelib.orders.commands import OrderCommands
    from chalicelib.orders.rehearse import Rehearse


class Orders(Stores):
    """What front ends, batches and consumers do with orders."""

    @cached_property
    def intake(self) -> Intake:
        from chalicelib.orders.accept import Intake

        return Intake(self.repository("Intake"), self.workflow)

    @cached_property
    def rehearse(self) -> Rehearse:
        from chalicelib.orders.rehearse import Rehearse

        return Rehearse(self.events, self.reference, self.inventory, self.clock)

    @cached_property
    def commands(self) -> OrderCommands:
        from chalicelib.orders.commands import OrderCommands

        return OrderCommands(self.repository("Operator"), self.workflow)
