"""A table that is there gets its new indexes one after the other, as DynamoDB wants it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import ORDERS_INDEXES, TABLES
from chalicelib.deploy.config.stages import STAGES, settings_of
from chalicelib.deploy.index_steps import one_index_at_a_time
from chalicelib.deploy.templates import resources

SETTINGS = settings_of(STAGES["dev"], "eu-central-1", "123456789012")
TEMPLATE = resources.template(STAGES["dev"], SETTINGS)
ORDERS = SETTINGS.name("orders")
FORMER = {"by_day", "by_status", "by_source"}


def tables(template: Any) -> dict[str, Any]:
    return {
        one["Properties"]["TableName"]: one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::DynamoDB::Table"
    }


def indexes(template: Any) -> set[str]:
    return {index["IndexName"] for index in tables(template)[ORDERS]["GlobalSecondaryIndexes"]}


@pytest.mark.parametrize("there", [None, set(ORDERS_INDEXES), set(ORDERS_INDEXES) - {"by_customer"}])
def test_mostly_there_is_one_step(there: set[str] | None) -> None:
    """A table that is not there is made with all of its indexes."""
    assert list(one_index_at_a_time(TEMPLATE, lambda _: there)) == [TEMPLATE]


def test_each_step_adds_one_index() -> None:
    had = set(FORMER)
    steps = list(one_index_at_a_time(TEMPLATE, lambda _: set(FORMER)))
    assert len(steps) == len(ORDERS_INDEXES) - len(FORMER)
    for step in steps:
        assert len(indexes(step) - had) == 1
        assert indexes(step) > had
        had = indexes(step)
        table = tables(step)[ORDERS]
        used = {key["AttributeName"] for index in table["GlobalSecondaryIndexes"] for key in index["KeySchema"]}
        assert {one["AttributeName"] for one in table["AttributeDefinitions"]} == used | {"pk"}
        assert {**tables(step), ORDERS: None} == {**tables(TEMPLATE), ORDERS: None}, "nothing else waits"
    assert steps[-1] == TEMPLATE


def test_only_the_read_model_has_indexes() -> None:
    assert [name for name, table in TABLES.items() if "GlobalSecondaryIndexes" in table] == ["orders"]
