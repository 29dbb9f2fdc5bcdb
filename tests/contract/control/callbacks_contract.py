"""What every store of subscriptions, and every delivery log, promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.acknowledgements.delivery import Attempt, Deliveries, Delivery
from chalicelib.acknowledgements.subscription import Subscription, Subscriptions
from tests.support.builders import NOW

WISH = Subscription("sap-emea", "https://erp.example/", NOW, NOW + timedelta(microseconds=7), ("failed", "received"))
DELIVERY = Delivery("o-1", "o-1.confirmed", "sap-emea", "CONFIRMED", NOW)


class SubscriptionsContract:
    @pytest.fixture
    def adapter(self) -> Subscriptions:
        raise NotImplementedError

    def test_a_wish_comes_back_whole(self, adapter: Subscriptions) -> None:
        assert adapter.get("sap-emea") == Subscription("sap-emea")
        adapter.put(WISH)
        assert adapter.get("sap-emea") == WISH

    def test_all_are_listed_also_those_that_ended(self, adapter: Subscriptions) -> None:
        assert adapter.all() == []
        ended = replace(WISH, source="navision", url="", also=())
        adapter.put(WISH)
        adapter.put(ended)
        adapter.put(WISH)
        assert adapter.all() == [ended, WISH]

    def test_a_no_is_not_remembered(self, adapter: Subscriptions) -> None:
        assert not adapter.get("sap-emea").url
        adapter.put(WISH)
        assert adapter.get("sap-emea").url


class DeliveriesContract:
    @pytest.fixture
    def adapter(self) -> Deliveries:
        raise NotImplementedError

    def test_a_record_comes_back_whole_as_its_next_version(self, adapter: Deliveries) -> None:
        full = DELIVERY.failed(Attempt(NOW, 84, 503, "down"), NOW + timedelta(seconds=15)).announced(NOW)
        assert adapter.get("o-1", "o-1.confirmed") is None
        assert adapter.put(full)
        assert adapter.get("o-1", "o-1.confirmed") == replace(full, version=1)

    def test_a_stale_change_is_refused(self, adapter: Deliveries) -> None:
        assert adapter.put(DELIVERY)
        assert not adapter.put(replace(DELIVERY, problem="from another hand"))
        assert adapter.put(replace(DELIVERY, version=1, problem="later"))
        stored = adapter.get("o-1", "o-1.confirmed")
        assert stored is not None
        assert (stored.version, stored.problem) == (2, "later")

    def test_those_of_an_order_are_listed_in_the_order_of_what_they_are_about(self, adapter: Deliveries) -> None:
        second = replace(DELIVERY, message_id="o-1.2.rejected", occurred_at=NOW + timedelta(hours=1))
        for one in (second, DELIVERY, replace(DELIVERY, order_id="o-2")):
            adapter.put(one)
        assert [one.message_id for one in adapter.of_order("o-1")] == ["o-1.confirmed", "o-1.2.rejected"]
        assert adapter.of_order("o-3") == []
