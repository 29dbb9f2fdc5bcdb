"""The JSON of the callbacks (docs/callbacks.md), for the OpenAPI document; the callbacks themselves make it."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from chalicelib.api.views.batches import CountsView
from chalicelib.api.views.schemas import Moment
from chalicelib.batches.model import BatchState


class OutcomeReasonView(TypedDict):
    """Why an order was rejected."""

    code: str
    message: str
    field: str | None


class OutcomeView(TypedDict):
    """An order that has ended."""

    order_id: str
    source: str
    external_id: str
    revision: int
    status: Literal["CONFIRMED", "REJECTED", "CANCELLED"]
    confirmation_number: str | None
    reasons: list[OutcomeReasonView]
    cancelled_because: str | None
    correlation_id: str


class OrderEndedView(TypedDict):
    """The outcome of an order."""

    type: Literal["order.confirmed", "order.rejected", "order.cancelled"]
    timestamp: Moment
    data: OutcomeView


class EndedBatchLinks(TypedDict):
    """A path of the API: the reports are behind it."""

    self: str


class EndView(TypedDict):
    """A batch that has ended, or an upload that was refused before it became one (`batch_id` is then empty)."""

    batch_id: str
    upload_id: str
    source: str
    state: BatchState
    dry_run: bool
    attempt: int
    lines: int | None
    counts: CountsView
    problem: str
    links: EndedBatchLinks


class BatchEndedView(TypedDict):
    """The end of a batch."""

    type: Literal["batch.completed", "batch.incomplete", "batch.nothing_accepted", "batch.cancelled", "batch.refused"]
    timestamp: Moment
    data: EndView
