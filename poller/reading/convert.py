"""The whole way of one raw order to the domain's content: mapping, then the same form check that the API applies."""

from __future__ import annotations

import re
from datetime import datetime

from chalicelib.domain.order import OrderContent
from chalicelib.orders.payload import FieldProblem, InvalidPayload, parse_order
from poller.errors import BadRow, Fault
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder

_INDEX = re.compile(r"\[\d+\]")


def content_of(mapper: Mapper, order: RawOrder, now: datetime | None = None) -> OrderContent:
    """The order, ready for accept(). `now` bounds how far ahead it may be dated. Raises BadRow, each fault with the
    ERP's column."""
    mapped = mapper(order)
    try:
        return parse_order(mapped, now)
    except InvalidPayload as error:
        raise BadRow(tuple(_fault(mapper, problem) for problem in error.problems)) from error


def _fault(mapper: Mapper, problem: FieldProblem) -> Fault:
    field = problem.field or "order"
    column = mapper.origin.get(_INDEX.sub("[]", field), "")
    if not column and field == "payment":  # the model's rule about method and token names the whole
        column = ", ".join(filter(None, (mapper.origin["payment.method"], mapper.origin.get("payment.token", ""))))
    return Fault(field, column, problem.message)
