"""The steps of the workflow, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.domain.state import Status
from chalicelib.wiring.payments import Payments

if TYPE_CHECKING:
    from chalicelib.steps.handle_failure import HandleFailure

Step = Callable[[str], Status]
"""Takes the order id, gives the order's status after the step."""


class Steps(Payments):
    """What the state machine's functions run."""

    def step(self, name: str, retry: int = 0) -> Step:
        """The workflow step of that name. `retry`: how often it has run before in this execution."""
        return _STEPS[name](self, retry)

    @cached_property
    def handle_failure(self) -> HandleFailure:
        from chalicelib.adapters.messaging.alerts import SnsAlerts
        from chalicelib.steps.handle_failure import HandleFailure

        alerts = SnsAlerts(self.client("sns"), self.settings.arn("sns", self.settings.name("alerts")))
        return HandleFailure(self.journal("HandleFailure"), self.dead_letter_queue, alerts)


def _validate(app: Steps, _: int) -> Step:
    from chalicelib.steps.validate_order import ValidateOrder

    return ValidateOrder(app.journal("ValidateOrder"), app.reference)


def _reserve(app: Steps, _: int) -> Step:
    from chalicelib.steps.reserve_inventory import ReserveInventory

    return ReserveInventory(app.journal("ReserveInventory"), app.inventory)


def _capture(app: Steps, retry: int) -> Step:
    from chalicelib.steps.capture_payment import CapturePayment

    return CapturePayment(app.journal("CapturePayment"), app.payments, look_first=retry > 0)


def _confirm(app: Steps, _: int) -> Step:
    from chalicelib.steps.confirm_order import ConfirmOrder

    return ConfirmOrder(app.journal("ConfirmOrder"), app.reference)


def _refund(app: Steps, _: int) -> Step:
    from chalicelib.steps.refund_payment import RefundPayment

    return RefundPayment(app.journal("RefundPayment"), app.payments)


def _release(app: Steps, _: int) -> Step:
    from chalicelib.steps.release_inventory import ReleaseInventory

    return ReleaseInventory(app.journal("ReleaseInventory"), app.inventory)


def _reject(app: Steps, _: int) -> Step:
    from chalicelib.steps.reject_order import RejectOrder

    return RejectOrder(app.journal("RejectOrder"))


_STEPS: dict[str, Callable[[Steps, int], Step]] = {
    "ValidateOrder": _validate,
    "ReserveInventory": _reserve,
    "CapturePayment": _capture,
    "ConfirmOrder": _confirm,
    "RefundPayment": _refund,
    "ReleaseInventory": _release,
    "RejectOrder": _reject,
}
