"""The one way in for orders, the commands upon them, and how they are parked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.orders.accept import Intake
    from chalicelib.orders.commands import OrderCommands
    from chalicelib.orders.rehearse import Rehearse
    from chalicelib.steps.handle_failure import HandleFailure


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

    @cached_property
    def handle_failure(self) -> HandleFailure:
        """Of the workflow, and of the sweeper for orders that it gives up."""
        from chalicelib.adapters.messaging.alerts import SnsAlerts
        from chalicelib.steps.handle_failure import HandleFailure

        alerts = SnsAlerts(self.client("sns"), self.settings.arn("sns", self.settings.name("alerts")))
        return HandleFailure(self.repository("HandleFailure"), self.dead_letter_queue, alerts)
