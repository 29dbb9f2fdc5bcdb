"""As much of DynamoDB as stock and events need, in a dictionary: fast enough for every interleaving of two calls.

That it answers like DynamoDB is shown by the inventory's contract, which it passes (tests/contract/inventory).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]

COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(condition: str, item: Item | None, values: Mapping[str, Any]) -> bool:
    """One comparison with a value, or attribute_not_exists."""
    if match := re.fullmatch(r"attribute_not_exists\((\w+)\)", condition):
        return item is None or match[1] not in item
    match = re.fullmatch(r"(\w+) (=|<>|<=?|>=?) (:\w+)", condition)
    assert match, f"this DynamoDB does not know the condition {condition}"
    return (
        item is not None
        and match[1] in item
        and bool(COMPARE[match[2]](_plain(item[match[1]]), _plain(values[match[3]])))
    )


def updated(expression: str, item: Item, values: Mapping[str, Any]) -> Item:
    """SET of values and sums, SET if_not_exists, ADD."""
    action, _, body = expression.partition(" ")
    after = dict(item)
    for part in re.split(r", (?=\w+ )", body):
        if match := re.fullmatch(r"(\w+) = if_not_exists\(\1, (:\w+)\)", part):
            after.setdefault(match[1], values[match[2]])
        elif match := re.fullmatch(r"(\w+) = (:\w+)", part):
            after[match[1]] = values[match[2]]
        elif match := re.fullmatch(r"(\w+) = \1 ([+-]) (:\w+)", part):
            change = _plain(values[match[3]])
            after[match[1]] = {"N": str(_plain(item[match[1]]) + (change if match[2] == "+" else -change))}
        else:
            match = re.fullmatch(r"(\w+) (:\w+)", part) if action == "ADD" else None
            assert match, f"this DynamoDB does not know the update {expression}"
            after[match[1]] = {"N": str(_plain(item.get(match[1], {"N": "0"})) + _plain(values[match[2]]))}
    return after


def _plain(attribute: Mapping[str, Any]) -> Any:
    [(kind, value)] = attribute.items()
    return int(value) if kind == "N" else value


class TinyDynamoDb:
    """A client. One call at a time."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str, str], Item] = {}

    def get_item(self, TableName: str, Key: Item, ConsistentRead: bool) -> Item:
        item = self._items.get(_place(TableName, Key))
        return {"Item": item} if item else {}

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> Item:
        return {
            "Responses": {
                table: [item for key in request["Keys"] if (item := self._items.get(_place(table, key)))]
                for table, request in RequestItems.items()
            }
        }

    def query(
        self, TableName: str, KeyConditionExpression: str, ExpressionAttributeValues: Item, ConsistentRead: bool
    ) -> Item:
        assert KeyConditionExpression == "pk = :order"
        partition = ExpressionAttributeValues[":order"]["S"]
        return {"Items": [item for place, item in sorted(self._items.items()) if place[:2] == (TableName, partition)]}

    def put_item(self, ReturnValuesOnConditionCheckFailure: str = "NONE", **put: Any) -> Item:
        if not self._allowed(put):
            old = self._items[_place(put["TableName"], put["Item"])]
            raise _error("ConditionalCheckFailedException", "PutItem", Item=old)
        self._apply({"Put": put})
        return {}

    def update_item(self, **update: Any) -> Item:
        assert "ConditionExpression" not in update
        self._apply({"Update": update})
        return {}

    def transact_write_items(self, TransactItems: list[Item], ClientRequestToken: str) -> Item:
        allowed = [self._allowed(request) for action in TransactItems for request in action.values()]
        if not all(allowed):
            reasons = [{"Code": "None" if one else "ConditionalCheckFailed"} for one in allowed]
            raise _error("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)
        for action in TransactItems:
            self._apply(action)
        return {}

    def _allowed(self, request: Item) -> bool:
        item = self._items.get(_place(request["TableName"], request.get("Key") or request["Item"]))
        condition = request.get("ConditionExpression")
        return condition is None or holds(condition, item, request.get("ExpressionAttributeValues", {}))

    def _apply(self, action: Item) -> None:
        [(kind, request)] = action.items()
        if kind == "Put":
            self._items[_place(request["TableName"], request["Item"])] = dict(request["Item"])
        elif kind == "Update":
            place = _place(request["TableName"], request["Key"])
            item = self._items.get(place, dict(request["Key"]))
            self._items[place] = updated(request["UpdateExpression"], item, request["ExpressionAttributeValues"])


def _place(table: str, key: Mapping[str, Any]) -> tuple[str, str, str]:
    return table, key["pk"]["S"], key["sk"]["S"]


def _error(code: str, operation: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}, **more}, operation)
