"""Events as DynamoDB items and back: JSON in one attribute, checked against the size limit, upcast when old.

    pk ORDER#<order id> · sk EVENT#<sequence, 8 digits> · type · schema_version · data · recorded_at · correlation_id ·
    source · step · token

All but `schema_version` are strings. The stream delivers the same item as its NewImage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chalicelib.domain.errors import CorruptHistory, EventTooLarge
from chalicelib.domain.events import EVENT_TYPES, Event, RecordedEvent
from chalicelib.domain.timestamps import format_utc, parse_utc

MAX_ITEM_BYTES = 400 * 1024
"""DynamoDB's limit for one item, names included."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""(event type, version) -> what makes its JSON object one of the next version. See domain/events.py."""

FIRST_EVENT = "EVENT#00000001"

_DECODERS = {name: msgspec.json.Decoder(cls) for name, cls in EVENT_TYPES.items()}


def partition(order_id: str) -> str:
    return f"ORDER#{order_id}"


def order_id_of(partition_key: str) -> str:
    return partition_key.removeprefix("ORDER#")


def sort_key(sequence: int) -> str:
    return f"EVENT#{sequence:08}"


def to_item(recorded: RecordedEvent) -> dict[str, dict[str, str]]:
    """The item in DynamoDB's own notation. Raises EventTooLarge if DynamoDB would refuse it."""
    item = {
        "pk": {"S": partition(recorded.order_id)},
        "sk": {"S": sort_key(recorded.sequence)},
        "type": {"S": recorded.type},
        "schema_version": {"N": str(recorded.event.SCHEMA_VERSION)},
        "data": {"S": msgspec.json.encode(recorded.event).decode()},
        "recorded_at": {"S": format_utc(recorded.recorded_at)},
        "correlation_id": {"S": recorded.correlation_id},
        "source": {"S": recorded.source},
        "step": {"S": recorded.step},
        "token": {"S": recorded.token},
    }
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise EventTooLarge(size, MAX_ITEM_BYTES)
    return item


def from_item(item: Mapping[str, Mapping[str, Any]]) -> RecordedEvent:
    """From an item, or from the NewImage of a stream record. Raises CorruptHistory, naming order and sequence."""
    where = "an event without readable keys"
    try:
        order_id, sequence = order_id_of(item["pk"]["S"]), int(item["sk"]["S"].removeprefix("EVENT#"))
        where = f"order {order_id}, event {sequence}"
        return RecordedEvent(
            order_id=order_id,
            sequence=sequence,
            event=decode(item["type"]["S"], int(item["schema_version"]["N"]), item["data"]["S"]),
            recorded_at=parse_utc(item["recorded_at"]["S"]),
            correlation_id=item["correlation_id"]["S"],
            source=item["source"]["S"],
            step=item["step"]["S"],
            token=item["token"]["S"],
        )
    except KeyError as missing:
        raise CorruptHistory(f"{where}: there is no {missing}") from None
    except (ValueError, CorruptHistory) as error:
        raise CorruptHistory(f"{where}: {_without_values(error)}") from None


def from_stream_record(record: Mapping[str, Any]) -> RecordedEvent | None:
    """From a record of the table's stream; None for one that brings no item (a deletion). Raises CorruptHistory."""
    image = record["dynamodb"].get("NewImage")
    return from_item(image) if image else None


def decode(type_name: str, version: int, data: str) -> Event:
    """The event in its present schema. Raises CorruptHistory or ValueError."""
    cls = EVENT_TYPES.get(type_name)
    if cls is None:
        raise CorruptHistory(f"{type_name} is not a type of event that this release knows")
    if version == cls.SCHEMA_VERSION:
        return _DECODERS[type_name].decode(data)
    if version > cls.SCHEMA_VERSION:
        raise CorruptHistory(f"{type_name} of version {version} was written by a newer release")
    return msgspec.convert(_upcast(type_name, version, cls.SCHEMA_VERSION, msgspec.json.decode(data)), cls)


def _upcast(type_name: str, version: int, present: int, raw: dict[str, Any]) -> dict[str, Any]:
    for old in range(version, present):
        upcaster = UPCASTERS.get((type_name, old))
        if upcaster is None:
            raise CorruptHistory(f"{type_name} of version {old} has no upcaster")
        raw = upcaster(raw)
    return raw


def item_size(item: Mapping[str, Mapping[str, str]]) -> int:
    """Bytes as DynamoDB counts them (developer guide, "item sizes and formats"), for strings and numbers.

    A number is rounded up to 21 bytes, the most that one takes.
    """
    return sum(len(name.encode()) + (len(v["S"].encode()) if "S" in v else 21) for name, v in item.items())


def _without_values(error: Exception) -> str:
    """msgspec says what was expected and where, never a value; other messages may quote the data."""
    return str(error) if isinstance(error, msgspec.MsgspecError | CorruptHistory) else type(error).__name__
