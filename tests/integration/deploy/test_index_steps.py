"""Indexes are added to a table of the local AWS one after the other, while it keeps what it holds."""

from __future__ import annotations

from typing import Any

from chalicelib.deploy.index_steps import TableIndexes, one_index_at_a_time
from chalicelib.deploy.stack_updates import Stack, Stacks
from local.emulator.aws import LocalAws

NAME = "indexed-table"


def template(*indexes: str) -> dict[str, Any]:
    table: dict[str, Any] = {
        "TableName": NAME,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", *indexes)],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    }
    if indexes:
        table["GlobalSecondaryIndexes"] = [
            {
                "IndexName": f"by_{name}",
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for name in indexes
        ]
    return {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": table}}}


def test_two_new_indexes_are_two_updates(local_aws: LocalAws) -> None:
    said: list[str] = []
    dynamodb = local_aws.client("dynamodb")
    stacks = Stacks(local_aws.client("cloudformation"), said.append)
    indexes = TableIndexes(dynamodb, stacks.watch)
    assert indexes.of(NAME) is None
    for wanted in (template("a"), template("a", "b", "c")):
        for step in one_index_at_a_time(wanted, indexes.of):
            stacks.apply(Stack(NAME, step))
            indexes.wait_until_active(step)
        dynamodb.put_item(TableName=NAME, Item={name: {"S": "x"} for name in ("pk", "a", "b", "c")})
    assert indexes.of(NAME) == {"by_a", "by_b", "by_c"}
    assert len(said) == 3
    key = {":x": {"S": "x"}}
    found = dynamodb.query(
        TableName=NAME, IndexName="by_c", KeyConditionExpression="c = :x", ExpressionAttributeValues=key
    )
    assert [item["pk"]["S"] for item in found["Items"]] == ["x"]
