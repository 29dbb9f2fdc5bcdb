"""The event stream of an order as JSON, without secrets, and without addresses for whoever need not see them.

An event that brings an order's content shows it in the form in which it is posted; the fields of any other are shown as
they are, so that a new kind of event needs nothing here.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from typing_extensions import TypedDict

from chalicelib.api.views.orders import amount
from chalicelib.api.views.schemas import Moment
from chalicelib.domain.events import Event, OrderReceived, OrderRevised, RecordedEvent
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent
from chalicelib.domain.timestamps import rfc3339

MASKED = "***"


class EventView(TypedDict):
    """Something that happened to the order."""

    sequence: int
    """Counts from 1."""
    type: str
    recorded_at: Moment
    step: str
    """The workflow step or front end that recorded it."""
    data: dict[str, Any]
    """The event's own fields."""


class EventsView(TypedDict):
    """All events of an order, in sequence."""

    order_id: str
    events: list[EventView]


def event_view(recorded: RecordedEvent, show_address: bool) -> EventView:
    """Payment tokens are masked always, names and addresses unless `show_address`."""
    return {
        "sequence": recorded.sequence,
        "type": recorded.type,
        "recorded_at": rfc3339(recorded.recorded_at),
        "step": recorded.step,
        "data": _data(recorded.event, show_address),
    }


def _data(event: Event, show_address: bool) -> dict[str, Any]:
    data = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    if isinstance(event, OrderReceived | OrderRevised):
        data["content"] = _content(event.content, show_address)
    return data


def _content(content: OrderContent, show_address: bool) -> dict[str, Any]:
    """In the form of `POST /orders`. The country says where to ship from and stays visible."""
    shown: dict[str, Any] = {field.name: _plain(getattr(content, field.name)) for field in fields(content)}
    shown["total"] = content.total.amount
    shown["payment"]["token"] = MASKED if content.payment.token else ""
    if not show_address:
        shown["ship_to"] = {name: value if name == "country" else MASKED for name, value in shown["ship_to"].items()}
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return amount(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return rfc3339(value)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
