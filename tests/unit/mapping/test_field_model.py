"""The tables of a mapping follow from the classes of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.mapping.faults import Fault
from chalicelib.mapping.field_model import FieldSource, Origin, Table, table_of
from chalicelib.mapping.rules import MappingContext, apply, field_sources, rules_of


@dataclass(frozen=True, slots=True)
class Depot:
    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    depot: Depot
    at: datetime


@dataclass(frozen=True, slots=True)
class Transport:
    number: str
    stop: Stop
    weight: Decimal
    pieces: int = 1
    back: Stop | None = None
    notes: tuple[str, ...] = ()


@table_of(Transport, without=("notes",))
class TransportFields(Table):
    """For these tests."""

    number: Origin


REQUIRED: dict[str, Any] = {"number": "NR", "stop": {"depot": {"name": "DEPOT"}, "at": "AT"}, "weight": "KG"}
ROW = {"NR": "T-1", "DEPOT": "Hamburg", "AT": "2026-11-23T10:15:00Z", "KG": Decimal("2.50"), "PCS": 3, "BACK": "Wien"}
CONTEXT = MappingContext({}, "UTC", "earlier")


def mapped(fields: TransportFields, **cells: Any) -> tuple[dict[str, Any], list[Fault]]:
    row = {**ROW, **cells}
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    apply(rules_of(fields, list(row), CONTEXT), tuple(row.values()), found, "", faults)
    return found, faults


def test_each_field_is_a_key_at_every_level_and_converted_by_its_type() -> None:
    fields = TransportFields.model_validate({**REQUIRED, "pieces": "PCS"})
    assert list(field_sources(fields)) == ["number", "stop.depot.name", "stop.at", "weight", "pieces"]
    at = "2026-11-23T10:15:00+00:00"
    expected = {"number": "T-1", "stop": {"depot": {"name": "Hamburg"}, "at": at}, "weight": "2.5", "pieces": 3}
    assert mapped(fields) == (expected, [])


def test_an_optional_field_may_be_left_unmapped_or_empty() -> None:
    fields = TransportFields.model_validate({**REQUIRED, "pieces": "PCS"})
    assert "pieces" not in mapped(fields, PCS=None)[0]
    assert "pieces" not in mapped(TransportFields.model_validate(REQUIRED))[0]
    assert [fault.field for fault in mapped(fields, NR=" ")[1]] == ["number"]


def test_an_optional_object_is_there_if_any_of_its_fields_is() -> None:
    fields = TransportFields.model_validate({**REQUIRED, "back": {"depot": {"name": "BACK"}, "at": "AT2"}})
    assert mapped(fields, AT2=None)[0]["back"] == {"depot": {"name": "Wien"}}
    assert "back" not in mapped(fields, BACK=None, AT2=None)[0]


@pytest.mark.parametrize("wrong", [{"weigth": "KG"}, {"notes": "N"}, {"stop": {"depot": {"nam": "X"}, "at": "AT"}}])
def test_a_key_that_no_field_has_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TransportFields.model_validate({**REQUIRED, **wrong})


def test_a_list_needs_rows_of_its_own() -> None:
    with pytest.raises(TypeError, match="notes is a list"):
        table_of(Transport)(Table)


def test_code_cannot_read_a_field_that_the_class_does_not_have() -> None:
    class Misspelt(Table):
        numbre: Origin

    with pytest.raises(TypeError, match="Transport has no numbre"):
        table_of(Transport, without=("notes",))(Misspelt)


def test_optional_is_said_of_a_column() -> None:
    assert FieldSource(column="A", optional=True).optional
    with pytest.raises(ValidationError, match="there is none"):
        FieldSource(constant="EUR", optional=True)
