"""First events of many orders at once: exactly those that exist, each whole."""

from __future__ import annotations

import pytest

from chalicelib.domain.events import OrderConfirmed
from chalicelib.ports import EventStore
from poller.reconciliation import FirstEvents
from tests.support.builders import append, content, received


class FirstEventsContract:
    @pytest.fixture
    def stores(self) -> tuple[EventStore, FirstEvents]:
        raise NotImplementedError

    def test_only_the_first_event_of_each_order_that_exists(self, stores: tuple[EventStore, FirstEvents]) -> None:
        events, first_events = stores
        stored = {}
        for number in range(230):  # more than two batches
            order = content(f"SO-{number}")
            stored[order.order_id] = events.append(append(received(order), order.order_id, token=f"t-{number}"))
        some = next(iter(stored))
        events.append(append(OrderConfirmed("C-1"), some, expected_version=1, token="t-confirmed"))
        found = first_events([*sorted(stored), "o-nobody", some])
        assert dict(found) == stored
        assert dict(first_events([])) == {}
