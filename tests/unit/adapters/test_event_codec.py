"""Every event survives storage unchanged; what cannot be read says where it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.events import codec
from chalicelib.adapters.dynamodb.events.codec import MAX_ITEM_BYTES, from_item, from_stream_record, item_size, to_item
from chalicelib.domain.errors import CorruptHistory, EventTooLarge
from chalicelib.domain.events import EVENT_TYPES, Event, OrderConfirmed, OrderReceived, RecordedEvent
from chalicelib.domain.money import MAX_MINOR, MINOR_UNITS, Money
from tests.support import builders

st.register_type_strategy(
    Money, st.builds(Money, st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(sorted(MINOR_UNITS)))
)
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))
st.register_type_strategy(
    datetime, st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
)

events = st.sampled_from(sorted(EVENT_TYPES)).flatmap(lambda name: st.from_type(EVENT_TYPES[name]))
recorded_events = st.builds(
    RecordedEvent,
    order_id=st.text(min_size=1),
    sequence=st.integers(1, 99_999_999),
    event=events,
    recorded_at=st.datetimes(timezones=st.just(UTC)),
    correlation_id=st.text(),
    source=st.text(),
    step=st.text(),
    token=st.text(),
)


def recorded(event: Event) -> RecordedEvent:
    return builders.append(event, "o-9", expected_version=6).as_recorded()


@given(recorded_events)
def test_every_event_survives_storage(event: RecordedEvent) -> None:
    assert from_item(to_item(event)) == event


def test_no_event_is_left_out_and_the_names_that_are_stored_stay() -> None:
    assert {cls.__name__ for cls in Event.__subclasses__() if cls.__module__ == Event.__module__} == set(EVENT_TYPES)
    assert sorted(EVENT_TYPES) == [
        "CancellationRequested",
        "ErpAcknowledged",
        "InventoryReleased",
        "InventoryReserved",
        "OrderCancelled",
        "OrderConfirmed",
        "OrderFailed",
        "OrderReceived",
        "OrderRedriven",
        "OrderRejected",
        "OrderRevised",
        "OrderValidated",
        "PaymentCaptured",
        "PaymentRefunded",
        "RejectionDecided",
    ]


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@given(data=st.data())
def test_each_type_survives_storage(name: str, data: st.DataObject) -> None:
    event = recorded(data.draw(st.from_type(EVENT_TYPES[name])))
    assert from_item(to_item(event)) == event


def test_the_items_keys_sort_as_the_events_do_and_times_are_utc() -> None:
    local = replace(
        recorded(OrderConfirmed("OB-1")), recorded_at=datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    )
    item = to_item(local)
    assert item["pk"] == {"S": "ORDER#o-9"}
    assert item["sk"] == {"S": "EVENT#00000007"}
    assert item["recorded_at"] == {"S": "2026-01-02T01:00:00.000000Z"}
    assert to_item(replace(local, sequence=10))["sk"]["S"] > item["sk"]["S"]


def test_an_item_of_exactly_the_limit_is_stored_and_one_byte_more_is_refused() -> None:
    room = MAX_ITEM_BYTES - item_size(to_item(recorded(OrderConfirmed(""))))
    assert item_size(to_item(recorded(OrderConfirmed("n" * room)))) == MAX_ITEM_BYTES
    with pytest.raises(EventTooLarge, match="split the order"):
        to_item(recorded(OrderConfirmed("n" * (room + 1))))


def test_the_size_counts_bytes_not_characters() -> None:
    plain, wide = (item_size(to_item(recorded(OrderConfirmed(text)))) for text in ("aaaa", "aéa€"))
    assert wide - plain == 3


def test_an_order_of_500_lines_fits() -> None:
    item = to_item(recorded(builders.received(builders.content_of_lines(500))))
    assert item_size(item) < MAX_ITEM_BYTES / 4


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("type", {"S": "OrderShipped"}, "OrderShipped is not a type"),
        ("schema_version", {"N": "99"}, "newer release"),
        ("data", {"S": "{"}, "truncated"),
        ("data", {"S": '{"number": 1}'}, "confirmation_number"),
        ("data", {"S": '{"confirmation_number": 1}'}, "Expected `str`"),
        ("recorded_at", {"S": "yesterday"}, "ValueError"),
    ],
)
def test_an_event_that_cannot_be_read_names_order_and_sequence(
    attribute: str, value: dict[str, str], says: str
) -> None:
    item = to_item(recorded(OrderConfirmed("OB-1"))) | {attribute: value}
    with pytest.raises(CorruptHistory, match=f"order o-9, event 7: .*{says}"):
        from_item(item)


def test_a_missing_attribute_is_named() -> None:
    item = to_item(recorded(OrderConfirmed("OB-1")))
    del item["step"]
    with pytest.raises(CorruptHistory, match="order o-9, event 7: there is no 'step'"):
        from_item(item)


def test_the_message_does_not_quote_what_was_ordered() -> None:
    item = to_item(recorded(builders.received()))
    data = json.loads(item["data"]["S"])
    data["content"]["total"]["currency"] = "Nordlicht"
    with pytest.raises(CorruptHistory) as caught:
        from_item(item | {"data": {"S": json.dumps(data)}})
    assert "Nordlicht" not in str(caught.value)


def test_a_field_that_a_newer_release_added_is_ignored() -> None:
    item = to_item(recorded(OrderConfirmed("OB-1")))
    newer = {"S": '{"confirmation_number": "OB-1", "warehouse": "HH"}'}
    assert from_item(item | {"data": newer}).event == OrderConfirmed("OB-1")


def test_a_stream_record_is_read_like_an_item_and_a_deletion_is_none() -> None:
    event = recorded(OrderConfirmed("OB-1"))
    assert from_stream_record({"eventName": "INSERT", "dynamodb": {"NewImage": to_item(event)}}) == event
    assert from_stream_record({"eventName": "REMOVE", "dynamodb": {"Keys": {}}}) is None


@contextmanager
def upcasters(entries: dict[tuple[str, int], codec.Upcaster]) -> Iterator[None]:
    codec.UPCASTERS.update(entries)
    try:
        yield
    finally:
        for key in entries:
            del codec.UPCASTERS[key]


def test_an_old_event_is_upcast_step_by_step() -> None:
    """As if OrderReceived were of version 1 now and had two versions before it."""
    item = to_item(recorded(builders.received()))
    old = json.loads(item["data"]["S"])
    old["hash"] = old.pop("payload_hash")
    stored = item | {"schema_version": {"N": "-1"}, "data": {"S": json.dumps(old)}}
    steps: dict[tuple[str, int], codec.Upcaster] = {
        ("OrderReceived", -1): lambda raw: {**raw, "channel": "fax"},
        ("OrderReceived", 0): lambda raw: {**raw, "payload_hash": raw["hash"]},
    }
    with upcasters(steps):
        event = from_item(stored).event
    assert event == OrderReceived(builders.content(), builders.received().payload_hash, channel="fax")
    with (
        upcasters({("OrderReceived", -1): steps["OrderReceived", -1]}),
        pytest.raises(CorruptHistory, match="version 0"),
    ):
        from_item(stored)
