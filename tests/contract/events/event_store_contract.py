"""What every event store promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import EventTooLarge, VersionConflict
from chalicelib.domain.events import OrderConfirmed, OrderValidated, RecordedEvent
from chalicelib.ports import Append, EventStore
from tests.support.builders import NOW, append, content, content_of_lines, received

WRITERS = 8


class EventStoreContract:
    """Inherit, and override `adapter`; `parallel` is False for a store whose emulator is not safe in threads."""

    parallel = True

    @pytest.fixture
    def adapter(self) -> EventStore:
        raise NotImplementedError

    def test_what_was_appended_is_loaded_in_sequence(self, adapter: EventStore) -> None:
        first = adapter.append(append(received(), "o-1"))
        second = adapter.append(append(OrderValidated({"products": "v1"}), "o-1", 1, "t-2", step="ValidateOrder"))
        assert adapter.load("o-1") == (first, second)
        assert [event.sequence for event in adapter.load("o-1")] == [1, 2]
        assert first.event == received()
        assert second == append(OrderValidated({"products": "v1"}), "o-1", 1, "t-2", step="ValidateOrder").as_recorded()

    def test_more_than_nine_events_stay_in_sequence(self, adapter: EventStore) -> None:
        adapter.append(append(received(), "o-1"))
        for version in range(1, 12):
            adapter.append(append(OrderValidated({"n": str(version)}), "o-1", version, f"t-{version}"))
        assert [event.sequence for event in adapter.load("o-1")] == list(range(1, 13))

    def test_an_unknown_order_has_no_events(self, adapter: EventStore) -> None:
        assert tuple(adapter.load("o-unknown")) == ()

    def test_orders_do_not_see_each_other(self, adapter: EventStore) -> None:
        for order_id in ("o-1", "o-10", "o-1#EVENT"):
            adapter.append(append(received(), order_id))
        assert [len(adapter.load(order_id)) for order_id in ("o-1", "o-10", "o-1#EVENT", "o-")] == [1, 1, 1, 0]

    def test_the_second_append_after_the_same_version_is_refused_and_stores_nothing(self, adapter: EventStore) -> None:
        first = adapter.append(append(received(), "o-1", token="t-1"))
        with pytest.raises(VersionConflict, match="o-1 has moved on from version 0"):
            adapter.append(append(received(content("SO-2")), "o-1", token="t-2"))
        assert adapter.load("o-1") == (first,)

    def test_a_repeat_is_recognised_by_its_token_and_returns_what_is_stored(self, adapter: EventStore) -> None:
        first = append(received(), "o-1", token="t-1")
        stored = adapter.append(first)
        assert adapter.append(replace(first, recorded_at=NOW + timedelta(seconds=9))) == stored
        assert adapter.load("o-1") == (stored,)

    def test_a_repeat_is_recognised_when_the_order_has_moved_on(self, adapter: EventStore) -> None:
        stored = adapter.append(append(received(), "o-1", token="t-1"))
        adapter.append(append(OrderValidated({}), "o-1", 1, "t-2"))
        assert adapter.append(append(received(), "o-1", token="t-1")) == stored
        assert len(adapter.load("o-1")) == 2

    @pytest.mark.parametrize("version", [1, 2, 7])
    def test_no_append_leaves_a_gap(self, adapter: EventStore, version: int) -> None:
        with pytest.raises(VersionConflict):
            adapter.append(append(OrderValidated({}), "o-1", version))
        assert tuple(adapter.load("o-1")) == ()
        adapter.append(append(received(), "o-1"))
        with pytest.raises(VersionConflict):
            adapter.append(append(OrderValidated({}), "o-1", version + 1))
        assert len(adapter.load("o-1")) == 1

    def test_an_event_beyond_the_item_limit_is_refused_with_its_size(self, adapter: EventStore) -> None:
        with pytest.raises(EventTooLarge, match="split the order") as caught:
            adapter.append(append(OrderConfirmed("n" * 500_000), "o-1"))
        assert caught.value.size > caught.value.limit == 400 * 1024
        assert tuple(adapter.load("o-1")) == ()

    def test_an_event_just_below_the_item_limit_is_stored(self, adapter: EventStore) -> None:
        """5 kB below, because moto refuses from 405,000 bytes on."""
        stored = adapter.append(append(OrderConfirmed("n" * 404_000), "o-1"))
        assert adapter.load("o-1") == (stored,)

    def test_a_history_of_several_megabytes_is_loaded_whole(self, adapter: EventStore) -> None:
        """One answer of DynamoDB holds 1 MB."""
        for version in range(8):
            adapter.append(append(OrderConfirmed(f"{version}" * 300_000), "o-1", version, f"t-{version}"))
        assert [event.sequence for event in adapter.load("o-1")] == list(range(1, 9))

    def test_an_order_of_500_lines_comes_back_as_it_was(self, adapter: EventStore) -> None:
        stored = adapter.append(append(received(content_of_lines(500)), "o-1"))
        assert adapter.load("o-1") == (stored,)

    def test_every_order_id_is_listed_once(self, adapter: EventStore) -> None:
        assert list(adapter.order_ids()) == []
        for number in range(30):
            adapter.append(append(received(), f"o-{number}"))
        adapter.append(append(OrderValidated({}), "o-7", 1, "t-2"))
        assert sorted(adapter.order_ids()) == sorted(f"o-{number}" for number in range(30))

    def test_of_many_writers_at_once_one_wins_each_version(self, adapter: EventStore) -> None:
        if not self.parallel:
            return
        adapter.append(append(received(), "o-1"))
        for version in range(1, 6):
            appends = [append(OrderValidated({}), "o-1", version, f"t-{version}-{n}") for n in range(WRITERS)]
            with ThreadPoolExecutor(WRITERS) as pool:
                won = [result for result in pool.map(lambda one: _try(adapter, one), appends) if result]
            assert len(won) == 1
            assert adapter.load("o-1")[version] == won[0]


def _try(store: EventStore, append: Append) -> RecordedEvent | None:
    try:
        return store.append(append)
    except VersionConflict:
        return None
