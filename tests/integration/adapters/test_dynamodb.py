"""The three helpers that all calls of DynamoDB share, and the one meaning of throttling that they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb.conditional import Written, write_if
from chalicelib.adapters.dynamodb.pages import first_items, items
from chalicelib.adapters.dynamodb.transaction import transact, when_contended
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.resilience.backoff import MAX_WAITS, Backoff
from chalicelib.domain.errors import Contention, DependencyUnavailable, Misconfigured, OrderbridgeError
from tests.support.aws import SETTINGS, moto_dynamodb

TABLE = SETTINGS.name("control")
ABSENT = "attribute_not_exists(pk)"
Reasons = Sequence[dict[str, Any]]


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


def item(number: int, text: str = "") -> dict[str, Any]:
    return {"pk": {"S": "P"}, "sk": {"S": f"{number:03}"}, "text": {"S": text}}


def put(number: int, text: str = "", **condition: str) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": item(number, text), **condition}}


class Table:
    """Answers queries from a table of `size` items, at most `page` at a time, and remembers what it was asked."""

    def __init__(self, size: int, page: int) -> None:
        self.keys = range(size)
        self.page = page
        self.requests: list[dict[str, Any]] = []

    def query(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        start = request.get("ExclusiveStartKey", -1) + 1
        found = self.keys[start : start + min(self.page, request.get("Limit", self.page))]
        more = {"LastEvaluatedKey": found[-1]} if found and found[-1] != self.keys[-1] else {}
        return {"Items": [{"n": number} for number in found], **more}


def throttled(**request: Any) -> Any:
    raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")


def test_every_page_is_read_and_none_before_it_is_wanted() -> None:
    table = Table(size=7, page=3)
    found = items("DynamoDB", table.query, TableName="t")
    assert [next(found)["n"] for _ in range(3)] == [0, 1, 2]
    assert len(table.requests) == 1
    assert [one["n"] for one in found] == [3, 4, 5, 6]
    assert len(table.requests) == 3


@pytest.mark.parametrize(("limit", "page", "requests"), [(4, 10, 1), (4, 2, 2), (7, 7, 1), (9, 10, 1)])
def test_the_first_items_take_no_more_requests_than_they_need(limit: int, page: int, requests: int) -> None:
    table = Table(size=7, page=page)
    assert [one["n"] for one in first_items("DynamoDB", table.query, limit)] == list(range(min(limit, 7)))
    assert len(table.requests) == requests
    assert {request["Limit"] for request in table.requests} == {limit}


def test_a_query_that_is_throttled_after_all_repeats_is_an_unavailable_dependency() -> None:
    with pytest.raises(DependencyUnavailable, match="DynamoDB \\(orders\\)"):
        list(items("DynamoDB (orders)", throttled))


def test_a_conditional_write_says_what_stood_in_the_way(client: Any) -> None:
    request = {"TableName": TABLE, "ConditionExpression": ABSENT, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    assert write_if("DynamoDB", client.put_item, Item=item(1, "first"), **request) == Written(True, {})
    assert write_if("DynamoDB", client.put_item, Item=item(1, "second"), **request) == Written(False, item(1, "first"))


def test_a_conditional_write_hands_on_the_values_that_were_asked_for(client: Any) -> None:
    written = write_if(
        "DynamoDB",
        client.update_item,
        TableName=TABLE,
        Key={"pk": {"S": "P"}, "sk": {"S": "1"}},
        UpdateExpression="SET calls = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert written == Written(True, {"pk": {"S": "P"}, "sk": {"S": "1"}, "calls": {"N": "1"}})


def test_throttling_is_never_a_refused_condition() -> None:
    with pytest.raises(DependencyUnavailable):
        write_if("DynamoDB", throttled, TableName=TABLE)


def test_a_transaction_names_for_each_action_what_refused_it(client: Any) -> None:
    refuse = {"ConditionExpression": ABSENT, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    assert transact("DynamoDB", client, [put(1, "first"), put(2)]) == []
    assert transact("DynamoDB", client, [put(1, **refuse), put(3), put(2, ConditionExpression=ABSENT)]) == [
        item(1, "first"),
        None,
        {},
    ]
    assert "Item" not in client.get_item(TableName=TABLE, Key={"pk": {"S": "P"}, "sk": {"S": "003"}})


class Cancelling:
    """A client whose transactions are cancelled for these reasons."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes
        self.calls = 0

    def transact_write_items(self, **request: Any) -> Any:
        self.calls += 1
        response: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": code} for code in self.codes],
        }
        raise ClientError(response, "TransactWriteItems")


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_meets_others_or_too_much_of_them_is_contention(code: str) -> None:
    with pytest.raises(Contention, match=f"DynamoDB: .*{code}"):
        transact("DynamoDB", Cancelling("None", code), [])


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_a_failed_condition_counts_before_contention(code: str) -> None:
    assert transact("DynamoDB", Cancelling(code, "ConditionalCheckFailed"), []) == [None, {}]


@pytest.mark.parametrize("codes", [("ValidationError",), ("None", "ItemCollectionSizeLimitExceeded"), ()])
def test_any_other_reason_needs_a_person(codes: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured, match="a transaction was refused"):
        transact("DynamoDB", Cancelling(*codes), [])


def test_contention_is_waited_out_until_no_wait_is_left() -> None:
    clock, busy = FixedClock(), Cancelling("ThrottlingError")
    with pytest.raises(Contention, match="a shelf"):
        when_contended(Backoff(clock, SequentialIds(), "a shelf"), lambda: transact("DynamoDB", busy, []))
    assert busy.calls == MAX_WAITS + 1
    assert len(clock.slept) == MAX_WAITS


def test_only_contention_is_waited_out() -> None:
    clock = FixedClock()

    def fails() -> None:
        raise DependencyUnavailable("DynamoDB", "ThrottlingException")

    with pytest.raises(OrderbridgeError, match="ThrottlingException"):
        when_contended(Backoff(clock, SequentialIds(), "a shelf"), fails)
    assert not clock.slept
