"""A number that comes again: a repeat, a new revision of an order that was closed, or a conflict.

Whoever sends a rejected order again wants it. A machine that reads a line or a row again, after a crash or in an
overlap, wants nothing: what it has brought once is a repeat for ever. `Terms` tell the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.decisions import decide_revision
from chalicelib.domain.errors import OrderbridgeError, Refused
from chalicelib.domain.events import OrderRevised
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import CLOSED, Order, Status

PRIVATE_FIELDS = ("ship_to.", "payment.token")
"""Differences in these are named, their values are not shown."""

MAX_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a number comes again.

    `renews`: outcomes after which the same content is taken anew; another content always is. `once`: the correlation
    id stands for one line or one state of a row, and brings one revision at most. `file`: what the correlation ids of
    all lines of a file begin with; a number that stands there twice is the same order, whatever became of it meanwhile.
    """

    renews: frozenset[Status] = CLOSED
    once: bool = False
    file: str = ""


ASKED = Terms()
"""A call: whoever repeats it when the order is closed asks for it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which a repeated order differs from the accepted one; values are empty for private fields."""

    field: str
    accepted: str
    sent: str


class OrderConflict(OrderbridgeError):
    """The ERP's order number was accepted before with another content. `advice`: why that stays, and what to do."""

    def __init__(self, order: Order, differences: tuple[Difference, ...], advice: str) -> None:
        self.order = order
        self.differences = differences
        self.advice = advice
        fields = ", ".join(difference.field for difference in differences)
        super().__init__(f"order {order.order_id} was accepted with another content; it differs in: {fields}; {advice}")


def revision_brought(
    order: Order, content: OrderContent, correlation_id: str, channel: str, terms: Terms = ASKED
) -> OrderRevised | None:
    """The new revision that the number's coming again makes; None if it is a repeat. Raises OrderConflict.

    The contents themselves are compared: a hash stored by an older release may be made of fewer fields.
    """
    if terms.once and has_brought(order, correlation_id):
        return None
    different = differences(order.content, content)
    if terms.file and any(one.correlation_id.startswith(terms.file) for one in order.revisions):
        if different:
            raise OrderConflict(order, different, "another line of the same file has brought this number")
        return None
    if not different and order.outcome not in terms.renews:
        return None
    try:
        return decide_revision(order, content, channel)
    except Refused as refused:
        if different:
            raise OrderConflict(order, different, str(refused)) from None
        return None


def has_brought(order: Order, correlation_id: str) -> bool:
    """Whether a revision of the order, the latest or an earlier one, came by the call, line or row of that id."""
    return any(one.correlation_id == correlation_id for one in order.revisions)


def differences(accepted: OrderContent, sent: OrderContent) -> tuple[Difference, ...]:
    """The fields in which two contents differ, at most MAX_DIFFERENCES."""
    before, after = accepted.flat(), sent.flat()
    fields = [field for field in {**before, **after} if before.get(field) != after.get(field)]
    return tuple(
        Difference(field, "", "")
        if field.startswith(PRIVATE_FIELDS)
        else Difference(field, before.get(field, "(absent)"), after.get(field, "(absent)"))
        for field in fields[:MAX_DIFFERENCES]
    )
