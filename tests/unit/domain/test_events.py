"""The events: their stored names, and what one is together with its place in the store."""

from __future__ import annotations

from chalicelib.domain.events import EVENT_TYPES, OUTCOMES, Event, OrderConfirmed, OrderReceived
from tests.support.builders import content
from tests.support.specification import recorded


def test_the_types_have_the_names_under_which_they_are_stored() -> None:
    assert set(EVENT_TYPES) == {
        "OrderReceived",
        "OrderValidated",
        "InventoryReserved",
        "PaymentCaptured",
        "OrderConfirmed",
        "RejectionDecided",
        "PaymentRefunded",
        "InventoryReleased",
        "OrderRejected",
        "CancellationRequested",
        "OrderCancelled",
        "OrderFailed",
        "OrderRedriven",
        "ErpAcknowledged",
    }
    assert all(issubclass(kind, Event) and kind.__name__ == name for name, kind in EVENT_TYPES.items())


def test_a_schema_version_is_stored_beside_every_event() -> None:
    assert {kind.SCHEMA_VERSION for kind in EVENT_TYPES.values()} == {1}


def test_three_events_end_an_order() -> None:
    assert [kind.__name__ for kind in OUTCOMES] == ["OrderConfirmed", "OrderRejected", "OrderCancelled"]


def test_a_recorded_event_knows_its_type() -> None:
    [one] = recorded(OrderConfirmed("OB-1"))
    assert one.type == "OrderConfirmed"


def test_an_order_comes_by_rest_unless_it_is_said_otherwise() -> None:
    """The default of a field that older events do not have."""
    assert OrderReceived(content(), "hash").channel == "rest"
