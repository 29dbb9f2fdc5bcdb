"""What all steps share: load, stop if there is nothing to do, act, and make a business "no" final before raising it."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.decisions import decide_rejection, ensure_not_undone
from chalicelib.domain.errors import Rejection
from chalicelib.domain.state import Order, Status
from chalicelib.orders.repository import OrderRepository

_PROGRESS = (Status.RECEIVED, Status.VALIDATED, Status.RESERVED, Status.PAID)


def run_forward_step(
    repository: OrderRepository, order_id: str, reaches: Status, act: Callable[[Order], Order]
) -> Status:
    """Run a forward step: `act` takes the order to the status `reaches` or raises.

    Raises Rejection once it is decided that the order is undone (now or earlier), or whatever `act` raises. Does
    nothing for an attempt that the order has left behind: another revision goes its own way from the first step on.
    """

    def attempt(order: Order) -> Status:
        if order.outcome is Status.CONFIRMED or order.has_left(repository.attempt):
            return order.status
        ensure_not_undone(order)
        if reaches in _PROGRESS and _PROGRESS.index(order.progress) >= _PROGRESS.index(reaches):
            return order.status
        try:
            return act(order).status
        except Rejection as rejection:
            decided = decide_rejection(order, repository.step, rejection)
            if decided is not None:
                repository.append(order, decided)
            raise

    return repository.handle(order_id, attempt)
