"""EventBridge answers for each entry by itself: what it has not taken is published again, what it has is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.messaging.event_bus import EventBridgeBus
from chalicelib.domain.events import ErpAcknowledged, RecordedEvent
from tests.support.builders import NOW, received
from tests.support.domain.specification import recorded


@dataclass
class EventBridge:
    """Answers PutEvents as documented; refuses the entries of `refused` sequence numbers."""

    refused: frozenset[int] = frozenset()
    calls: list[list[dict[str, Any]]] = field(default_factory=list)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(Entries) <= 10, "the limit of the service"
        self.calls.append(Entries)
        answers = [self._answer(entry) for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    def _answer(self, entry: dict[str, Any]) -> dict[str, str]:
        if json.loads(entry["Detail"]).get("sequence") in self.refused:
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        return {"EventId": "17793124-05d4-b198-2fde-7ededc63b103"}


def events(count: int) -> Sequence[RecordedEvent]:
    return recorded(received(), *(ErpAcknowledged("http", str(number)) for number in range(1, count)))


@pytest.mark.parametrize(
    "refused", [(), (1,), (3,), (1, 2, 3), (10, 11), (21,), range(1, 24)], ids=lambda refused: str(list(refused))
)
def test_exactly_what_was_not_taken_is_to_be_published_again(refused: Sequence[int]) -> None:
    batch = events(23)
    again = EventBridgeBus(EventBridge(frozenset(refused)), "bus").publish(batch)
    assert [one.sequence for one in again] == list(refused)
    assert all(one is batch[one.sequence - 1] for one in again)


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (9, [9]), (10, [10]), (11, [10, 1]), (20, [10, 10]), (21, [10, 10, 1])]
)
def test_ten_events_go_into_one_call(count: int, sizes: list[int]) -> None:
    service = EventBridge()
    assert EventBridgeBus(service, "bus").publish(events(count)[:count]) == ()
    assert [len(entries) for entries in service.calls] == sizes


def test_an_entry_names_the_order_and_what_happened_and_nothing_private() -> None:
    service = EventBridge()
    EventBridgeBus(service, "orderbridge-test").publish(events(1))
    [[entry]] = service.calls
    detail = json.loads(entry.pop("Detail"))
    assert entry == {
        "EventBusName": "orderbridge-test",
        "Source": "orderbridge",
        "DetailType": "OrderReceived",
        "Time": NOW,
    }
    assert detail == {
        "order_id": "o-1",
        "sequence": 1,
        "source": "sap-emea",
        "correlation_id": "correlation-1",
        "recorded_at": NOW.isoformat(),
    }


def test_something_about_the_system_itself() -> None:
    service = EventBridge()
    EventBridgeBus(service, "orderbridge-test").tell("CircuitOpened", {"circuit": "payment"})
    assert service.calls == [
        [
            {
                "EventBusName": "orderbridge-test",
                "Source": "orderbridge",
                "DetailType": "CircuitOpened",
                "Detail": '{"circuit": "payment"}',
            }
        ]
    ]
