"""New indexes of tables that are there already, one after the other: DynamoDB makes only one of a table at a time.

CloudFormation refuses an update that adds two, and ends an update before the index is filled
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.deploy.stack_watch import StackWatch

TABLE = "AWS::DynamoDB::Table"
INDEXES = "GlobalSecondaryIndexes"


def one_index_at_a_time(
    template: Mapping[str, Any], existing: Callable[[str], set[str] | None]
) -> Iterator[Mapping[str, Any]]:
    """Templates to apply one after the other, the last of which is `template`; mostly that is all.

    `existing`: the names of the indexes that a table has, None if there is no such table.
    """
    there = {name: existing(name) for _, name in _tables(template)}
    missing = {
        name: [index["IndexName"] for index in properties[INDEXES] if index["IndexName"] not in (there[name] or ())]
        for properties, name in _tables(template)
        if there[name] is not None
    }
    for left in range(max((len(names) for names in missing.values()), default=0) - 1, 0, -1):
        yield _without(template, {name: set(names[-left:]) for name, names in missing.items() if len(names) > left})
    yield template


def _tables(template: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The properties and the name of every table with indexes."""
    for resource in template["Resources"].values():
        if resource["Type"] == TABLE and resource["Properties"].get(INDEXES):
            yield resource["Properties"], resource["Properties"]["TableName"]


def _without(template: Mapping[str, Any], left_out: Mapping[str, set[str]]) -> Mapping[str, Any]:
    """The template before these indexes (table -> names): DynamoDB refuses attributes that nothing is sorted by."""
    resources = {}
    for logical_id, resource in template["Resources"].items():
        names = left_out.get(resource["Properties"].get("TableName", "")) if resource["Type"] == TABLE else None
        resources[logical_id] = {**resource, "Properties": _kept(resource["Properties"], names)} if names else resource
    return {**template, "Resources": resources}


def _kept(properties: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
    indexes = [index for index in properties[INDEXES] if index["IndexName"] not in left_out]
    schemas = [properties["KeySchema"], *(index["KeySchema"] for index in indexes)]
    used = {key["AttributeName"] for schema in schemas for key in schema}
    attributes = [one for one in properties["AttributeDefinitions"] if one["AttributeName"] in used]
    return {**properties, INDEXES: indexes, "AttributeDefinitions": attributes}


@dataclass(frozen=True, slots=True)
class TableIndexes:
    """What DynamoDB says of the indexes. `client` is DynamoDB's."""

    client: Any
    watch: StackWatch

    def of(self, table: str) -> set[str] | None:
        """The names of a table's indexes; None if there is no table."""
        described = self._described(table)
        return None if described is None else {index["IndexName"] for index in described}

    def wait_until_active(self, template: Mapping[str, Any]) -> None:
        """Until every index of the template's tables is filled. Raises DeployError."""
        for _, table in _tables(template):
            self.watch.wait(table, lambda name=table: self._described(name) or [], _active)  # type: ignore[misc]

    def _described(self, table: str) -> list[dict[str, Any]] | None:
        try:
            answer = self.client.describe_table(TableName=table)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return list(answer["Table"].get(INDEXES, []))


def _active(indexes: list[dict[str, Any]]) -> bool:
    return all(index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in indexes)
