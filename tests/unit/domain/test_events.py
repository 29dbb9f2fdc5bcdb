"""The events: their stored names, and what one is together with its place in the store."""

from __future__ import annotations

from chalicelib.domain import events
from chalicelib.domain.events import (
    EVENT_TYPES,
    OUTCOMES,
    Event,
    InventoryReserved,
    OrderConfirmed,
    OrderFailed,
    OrderReceived,
    PaymentCaptured,
)
from chalicelib.domain.money import Money
from tests.support.builders import content
from tests.support.domain.specification import recorded


def test_the_types_have_the_names_under_which_they_are_stored() -> None:
    assert set(EVENT_TYPES) == {
        "OrderReceived",
        "OrderRevised",
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
    assert all(kind.__name__ == name for name, kind in EVENT_TYPES.items())


def test_no_event_is_forgotten_in_the_list_of_types() -> None:
    defined = {value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event)}
    assert set(EVENT_TYPES.values()) == defined - {Event}


def test_a_schema_version_is_stored_beside_every_event() -> None:
    assert {kind.SCHEMA_VERSION for kind in EVENT_TYPES.values()} == {1}


def test_three_events_end_an_order() -> None:
    assert [kind.__name__ for kind in OUTCOMES] == ["OrderConfirmed", "OrderRejected", "OrderCancelled"]


def test_a_recorded_event_knows_its_type() -> None:
    [one] = recorded(OrderConfirmed("OB-1"))
    assert one.type == "OrderConfirmed"


def test_what_an_older_event_does_not_say() -> None:
    """The defaults of fields that were added later: stored events are read with them."""
    assert OrderReceived(content(), "hash").channel == "rest"
    assert InventoryReserved({}).chunks == 1
    assert PaymentCaptured("pay_1", Money(1, "EUR"), "sandbox").found_by_lookup is False
    assert OrderFailed("CapturePayment", "KeyError", "", "0123456789ab").attempts == 0
