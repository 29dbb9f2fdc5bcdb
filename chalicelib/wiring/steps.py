"""The steps of the workflow, by name."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.state import Status
from chalicelib.orders.repository import OrderRepository
from chalicelib.wiring.payments import Payments

RunStep = Callable[[str], Status]
"""Takes the order id, gives the order's status after the step."""


class Steps(Payments):
    """What the state machine's functions run."""

    def step(self, name: str, retry: int = 0, attempt: int = 0) -> RunStep:
        """The workflow step of that name, for an execution: attempt `attempt`, in which it has run `retry` times."""
        return _STEPS[name](self, self.repository(name, attempt), retry)


def _validate(app: Steps, repository: OrderRepository, _: int) -> RunStep:
    from chalicelib.steps.validate_order import ValidateOrder

    return ValidateOrder(repository, app.reference)


def _reserve(app: Steps, repository: OrderRepository, _: int) -> RunStep:
    from chalicelib.steps.reserve_inventory import ReserveInventory

    return ReserveInventory(repository, app.inventory)


def _capture(app: Steps, repository: OrderRepository, retry: int) -> RunStep:
    from chalicelib.steps.capture_payment import CapturePayment

    return CapturePayment(repository, app.payments, look_first=retry > 0)


def _confirm(app: Steps, repository: OrderRepository, _: int) -> RunStep:
    from chalicelib.steps.confirm_order import ConfirmOrder

    return ConfirmOrder(repository, app.reference)


def _refund(app: Steps, repository: OrderRepository, _: int) -> RunStep:
    from chalicelib.steps.refund_payment import RefundPayment

    return RefundPayment(repository, app.payments)


def _release(app: Steps, repository: OrderRepository, _: int) -> RunStep:
    from chalicelib.steps.release_inventory import ReleaseInventory

    return ReleaseInventory(repository, app.inventory)


def _reject(_app: Steps, repository: OrderRepository, _: int) -> RunStep:
    from chalicelib.steps.reject_order import RejectOrder

    return RejectOrder(repository)


_STEPS: dict[str, Callable[[Steps, OrderRepository, int], RunStep]] = {
    "ValidateOrder": _validate,
    "ReserveInventory": _reserve,
    "CapturePayment": _capture,
    "ConfirmOrder": _confirm,
    "RefundPayment": _refund,
    "ReleaseInventory": _release,
    "RejectOrder": _reject,
}
