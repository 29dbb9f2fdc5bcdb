"""Subscriptions and the delivery log, kept in memory and on DynamoDB; and what only the table shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.acknowledgements.delivery import Deliveries
from chalicelib.acknowledgements.subscription import EVER, Subscription, Subscriptions
from chalicelib.adapters.dynamodb.control.deliveries import KEPT, DynamoDbDeliveries
from chalicelib.adapters.dynamodb.control.subscriptions import DynamoDbSubscriptions
from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.memory.callbacks import MemoryDeliveries, MemorySubscriptions
from tests.contract.control.callbacks_contract import DELIVERY, DeliveriesContract, SubscriptionsContract
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import NOW
from tests.support.faults.faults import lose_answers

TABLE = SETTINGS.name("control")


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as made:
        yield made


class TestMemorySubscriptions(SubscriptionsContract):
    @pytest.fixture
    def adapter(self) -> Subscriptions:
        return MemorySubscriptions()


class TestDynamoDbSubscriptions(SubscriptionsContract):
    @pytest.fixture
    def adapter(self, client: Any) -> Subscriptions:
        return DynamoDbSubscriptions(client, TABLE)


class TestMemoryDeliveries(DeliveriesContract):
    @pytest.fixture
    def adapter(self) -> Deliveries:
        return MemoryDeliveries()


class TestDynamoDbDeliveries(DeliveriesContract):
    @pytest.fixture
    def adapter(self, client: Any) -> Deliveries:
        return DynamoDbDeliveries(client, TABLE, FixedClock(NOW))


def test_an_address_that_release_0_2_has_set_is_used_and_listed_from_then_on(client: Any) -> None:
    item = {"pk": {"S": "SOURCE#sap-emea"}, "sk": {"S": "CALLBACK"}, "url": {"S": "https://erp.example/"}}
    client.put_item(TableName=TABLE, Item=item)
    subscriptions = DynamoDbSubscriptions(client, TABLE)
    wish = Subscription("sap-emea", "https://erp.example/", EVER, EVER)
    assert subscriptions.get("sap-emea") == wish
    assert subscriptions.all() == [wish]


def test_a_change_whose_answer_was_lost_is_recognised_by_what_is_there(client: Any) -> None:
    lose_answers(client, "PutItem", times=1)
    assert DynamoDbDeliveries(client, TABLE, FixedClock(NOW)).put(DELIVERY)


def test_the_log_is_forgotten_after_a_while(client: Any) -> None:
    DynamoDbDeliveries(client, TABLE, FixedClock(NOW)).put(DELIVERY)
    (item,) = client.scan(TableName=TABLE)["Items"]
    assert int(item["expires_at"]["N"]) == int((NOW + KEPT).timestamp())
