"""The JSON of orders and problems, as typed dictionaries: what mypy checks and the OpenAPI document is made from.

Times are UTC in RFC 3339 with Z, money is a decimal string beside its currency. Links are paths of the API, to be
appended to its address (as the paths of the OpenAPI document are).
"""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from chalicelib.domain.state import Status

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Decimals = Annotated[str, Field(json_schema_extra={"pattern": r"^-?[0-9]{1,16}(\.[0-9]{1,4})?$"})]


class Amount(TypedDict):
    """An amount of money."""

    amount: Decimals
    """A decimal string with the currency's own number of decimals, such as "45.00"."""
    currency: str
    """ISO 4217 code."""


class OrderLinks(TypedDict, total=False):
    """Where to go on from an order. `cancel` and `redrive` (POST) are present while they are possible."""

    self: str
    events: str
    cancel: str
    redrive: str


class AcceptedView(TypedDict):
    """The order is durably stored: it reaches an outcome, or waits visibly for an operator."""

    order_id: str
    """Derived from source and external_id: always the same for the same order."""
    revision: int
    """1, and one more whenever the number came again after the order was rejected or cancelled."""
    status: Status
    """RECEIVED for a new order; for a repeated one, where it stands now."""
    correlation_id: str
    """The id of the call that brought this revision; every log line about it carries it."""
    links: OrderLinks


class ReasonView(TypedDict):
    """Why an order was rejected."""

    code: str
    """Stable, for programs, such as insufficient_stock."""
    message: str
    """For people."""
    field: str
    """The field of the order that it is about; empty if none."""


class WhyView(TypedDict):
    """How the order came to its status."""

    text: str
    """In sentences, for people."""
    reasons: list[ReasonView]
    """Every reason of a rejection or cancellation; else empty."""


class OrderView(TypedDict):
    """An order as it stands, strongly consistent: its latest revision. Earlier ones are in its events."""

    order_id: str
    revision: int
    """1, and one more whenever the number came again after the order was rejected or cancelled."""
    status: Status
    source: str
    external_id: str
    customer_id: str
    total: Amount
    line_count: int
    payment_method: str
    ordered_at: Moment
    received_at: Moment
    """When the number came first."""
    revised_at: Moment | None
    """When the latest revision came; null for the first."""
    updated_at: Moment
    version: int
    """The number of events of this order so far."""
    attempts: int
    """How often its workflow was started."""
    channel: str
    """How it arrived: rest, batch or poller."""
    correlation_id: str
    confirmation_number: str
    """Empty unless the order is confirmed."""
    why: WhyView
    next: str
    """What happens next, or what can be done, in words for people."""
    links: OrderLinks


class RowView(TypedDict):
    """An order in a list. Lists follow the orders by about a second."""

    order_id: str
    revision: int
    status: Status
    source: str
    external_id: str
    customer_id: str
    total: Amount
    received_at: Moment
    updated_at: Moment
    attempts: int
    correlation_id: str
    reasons: list[str]
    """Codes of the first reasons of a rejection."""
    failed_step: str
    """The step in which a FAILED order stopped, else empty."""
    links: OrderLinks


class PageLinks(TypedDict, total=False):
    """`next` is absent on the last page."""

    self: str
    next: str


class OrderPageView(TypedDict):
    """A page of orders, newest first."""

    orders: list[RowView]
    next_cursor: str | None
    """The parameter `cursor` of the next page, which `links.next` and the header `Link` lead to; null on the last."""
    links: PageLinks


class FieldErrorView(TypedDict):
    """A wrong field, parameter or header."""

    field: str
    """Its path, such as `lines[2].quantity`; empty for the body as a whole."""
    message: str
    """What is wrong and how to fix it."""


class DifferenceView(TypedDict):
    """A field in which a repeated order differs; the values of private fields are empty."""

    field: str
    accepted: str
    sent: str


class ProblemDocument(TypedDict):
    """RFC 9457. Programs look at `type`, people at `detail` and `errors`."""

    type: str
    """A stable URN; docs/api.md explains each."""
    title: str
    status: int
    detail: str
    instance: NotRequired[str]
    """The path that was called; absent if API Gateway itself answered."""
    correlation_id: str
    """Leads to every log line about this call."""
    documentation: NotRequired[str]
    """Where a page explains this type, relative to the URL that was called; absent if API Gateway itself answered."""
    errors: list[FieldErrorView]
    """Everything that is wrong, not only the first thing."""
    errors_omitted: NotRequired[int]
    """Present if there were too many errors to name."""
    order_id: NotRequired[str]
    """Of an order-conflict: the accepted order."""
    revision: NotRequired[int]
    """Of an order-conflict: the accepted order's."""
    order_status: NotRequired[Status]
    """Of an order-conflict: where the accepted order stands."""
    differences: NotRequired[list[DifferenceView]]
    """Of an order-conflict."""
