"""Where an order stands, in words for people: why it is so, and what happens next or can be done."""

from __future__ import annotations

from chalicelib.domain.state import Order, Status

_DOING = {
    "ValidateOrder": "validating the order",
    "ReserveInventory": "reserving the stock",
    "CapturePayment": "capturing the payment",
    "ConfirmOrder": "confirming the order",
    "RefundPayment": "refunding the payment",
    "ReleaseInventory": "releasing the stock",
    "RejectOrder": "closing the order",
    "OrderWorkflow": "running its workflow",
}

_NEXT_STEP = {
    Status.RECEIVED: "It is validated next, usually within seconds; if its start was missed, it is started by itself.",
    Status.VALIDATED: "The stock is reserved next.",
    Status.RESERVED: "The payment is captured next.",
    Status.PAID: "It is confirmed next.",
}


def why(order: Order) -> str:
    """One or more sentences on how the order came to its status."""
    match order.status:
        case Status.FAILED:
            return _failed(order)
        case Status.CONFIRMED:
            return f"Everything succeeded: the order is confirmed under number {order.confirmation_number}."
        case Status.REJECTED:
            return f"The order was rejected. {_reasons(order)}{_undone(order)}"
        case Status.CANCELLED:
            return f"The order was cancelled. {_request(order)}{_undone(order)}"
    if order.rejection is not None:
        return f"The order is being rejected. {_reasons(order)}{_undone(order)}"
    if order.cancellation is not None:
        return f"Somebody asked for the order to be cancelled. {_request(order)}{_undone(order)}"
    return _progress(order)


def next_step(order: Order) -> str:
    """What happens next without anybody's doing, or who can do what."""
    match order.status:
        case Status.CONFIRMED:
            return "Nothing: the order will be delivered. It cannot be cancelled any more; arrange a return instead."
        case Status.REJECTED:
            return (
                "This order is closed. When what is named is mended, in the order or in our data, send it again under "
                "the same external_id."
            )
        case Status.CANCELLED:
            return "This order is closed. If it is wanted after all, send it again under the same external_id."
        case Status.FAILED:
            return (
                "It waits, and keeps what was reserved and paid. If the cause may pass, it is tried again by itself; "
                "an operator can try it again (redrive) or have it undone (cancel)."
            )
    if order.is_undone:
        outcome = Status.REJECTED if order.rejection is not None else Status.CANCELLED
        return f"{_to_be_undone(order)} it is closed as {outcome}. Nobody has to do anything."
    return _NEXT_STEP[order.progress]


def _progress(order: Order) -> str:
    match order.status:
        case Status.RECEIVED:
            done = "It was accepted."
        case Status.VALIDATED:
            done = "It agrees with the customer's and the products' data."
        case Status.RESERVED:
            done = "All its pieces are set aside."
        case _:
            done = f"Its payment of {order.content.total} was captured."
    revised = f" This is revision {order.revision} of it." if order.revision > 1 else ""
    again = f" This is attempt {order.attempt}." if order.tries > 1 else ""
    return f"The order is on its way. {done}{revised}{again}"


def _failed(order: Order) -> str:
    failure = order.failure
    assert failure is not None, f"{order.order_id} is FAILED without a failure"
    doing = _DOING.get(failure.step, failure.step)
    return (
        f"A technical problem stopped attempt {order.attempt} while {doing}, also after it was repeated "
        f"({failure.error}). It is no fault of the order itself."
    )


def _reasons(order: Order) -> str:
    reasons = order.rejection.reasons if order.rejection else ()
    return "".join(reason.message[:1].upper() + reason.message[1:] + ". " for reason in reasons[:5]) + (
        f"There are {len(reasons) - 5} more reasons. " if len(reasons) > 5 else ""
    )


def _request(order: Order) -> str:
    request = order.cancellation
    return f"Asked for by {request.by}: {request.reason}. " if request else ""


def _undone(order: Order) -> str:
    """What was given back so far. The sentences before it end with a blank, so that this may be empty."""
    parts = []
    if order.refund is not None:
        parts.append(f"The payment of {order.refund.amount} was refunded.")
    if order.release is not None and order.release.quantities:
        parts.append("The stock was released.")
    if not parts and order.payment is None and order.reservation is None:
        parts.append("Nothing was charged and no stock was kept.")
    return " ".join(parts)


def _to_be_undone(order: Order) -> str:
    todo = []
    if order.payment is not None and order.refund is None:
        todo.append("the payment is refunded")
    if order.reservation is not None and order.release is None:
        todo.append("the stock is released")
    return ", ".join([*todo, "then"]).capitalize() if todo else "Next"
