"""Fields that are calculated from columns: exactly, or rounded as the mapping says, and what cannot be is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.mapping.faults import Fault
from chalicelib.mapping.field_model import FieldSource
from chalicelib.mapping.rules import apply, rules_of
from tests.unit.mapping.test_field_model import CONTEXT, REQUIRED, TransportFields

COMMA = {"column": "A", "transforms": ["decimal_comma"]}
PERCENT = {"column": "B", "transforms": ["percent"]}


def calculated(source: dict[str, Any], **cells: str) -> str | Fault:
    """The weight that the source makes of the cells, or what is wrong."""
    row = {"NR": "T-1", "DEPOT": "Hamburg", "AT": "2026-11-23T10:15:00Z", **cells}
    fields = TransportFields.model_validate({**REQUIRED, "weight": source})
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    apply(rules_of(fields, list(row), CONTEXT), tuple(row.values()), found, "", faults)
    return faults[0] if faults else str(found["weight"])


@pytest.mark.parametrize(
    ("source", "cells", "value"),
    [
        ({"quotient": ["A", "B"]}, ("10", "4"), "2.5"),
        ({"quotient": ["A", "B"]}, ("0.000003", "3"), "0.000001"),
        ({"quotient": [COMMA, "B"]}, ("1.234,56", "12"), "102.88"),
        ({"quotient": ["A", "B"], "decimals": 6}, ("10", "3"), "3.333333"),
        ({"quotient": ["A", "B"], "decimals": 2}, ("1", "8"), "0.13"),
        ({"net": [COMMA, PERCENT]}, ("11,90", "19"), "10"),
        ({"net": [COMMA, PERCENT], "decimals": 6}, ("9,99", "19"), "8.394958"),
        ({"net": ["A", "B"]}, ("11.9", "0"), "11.9"),
        ({"sum": ["A", "B", {"constant": "0.01"}]}, ("0.1", "0.2"), "0.31"),
        ({"sum": ["A", {"column": "B", "default": 0}]}, ("5", ""), "5"),
        ({"difference": ["A", "B", {"constant": 1}]}, ("5", "2.5"), "1.5"),
        ({"product": ["A", "B"]}, ("0.1", "3"), "0.3"),
        ({"quotient": [{"sum": ["A", "B"]}, {"constant": 2}]}, ("1", "2"), "1.5"),
        ({"sum": ["A", "B"], "transforms": ["scale:0.001"]}, ("1000", "500"), "1.5"),
        ({"sum": ["A", "B"], "default": 7}, ("", ""), "7"),
    ],
)
def test_a_field_is_calculated(source: dict[str, Any], cells: tuple[str, str], value: str) -> None:
    assert calculated(source, A=cells[0], B=cells[1]) == value


@pytest.mark.parametrize(
    ("source", "cells", "reason"),
    [
        ({"quotient": ["A", "B"]}, ("10", "3"), "has more than 6 decimals: say to how many `decimals` it is rounded"),
        ({"quotient": ["A", "B"]}, ("10", "0"), "cannot be calculated: it would be divided by 0"),
        ({"quotient": ["A", "B"]}, ("10", ""), "cannot be calculated: B is empty"),
        ({"quotient": ["A", "B"]}, ("", ""), "is empty, and there is no default"),
        ({"sum": ["A", "B"]}, ("10", "x"), "cannot be calculated: B is not a number"),
        ({"sum": [COMMA, "B"]}, ("1.5", "1"), "is not a number with decimal comma"),
        ({"net": ["A", "B"]}, ("11.90", "19"), "the tax rate must be from 0 to 1; a transform such as percent"),
        ({"net": ["A", "B"]}, ("11.90", "-0.19"), "the tax rate must be from 0 to 1"),
        ({"product": ["A", "B"]}, ("9" * 29, "9" * 29), "is out of any sensible range"),
        ({"product": ["A", "B"]}, ("1e-20", "1e-20"), "is out of any sensible range"),
        ({"sum": ["A", "B"]}, ("NaN", "1"), "A is not a finite number"),
    ],
)
def test_what_cannot_be_calculated_is_refused(source: dict[str, Any], cells: tuple[str, str], reason: str) -> None:
    fault = calculated(source, A=cells[0], B=cells[1])
    assert isinstance(fault, Fault)
    assert reason in fault.reason
    assert fault.column == "A, B"


@given(st.integers(1, 10**9), st.integers(1, 10**4))
def test_a_unit_price_times_its_quantity_is_the_total_of_the_line(cents: int, quantity: int) -> None:
    price = calculated({"quotient": ["A", "B"]}, A=f"{Decimal(cents) / 100}", B=str(quantity))
    assert isinstance(price, Fault) or Decimal(price) * quantity == Decimal(cents) / 100


@given(st.integers(0, 10**7), st.sampled_from(["0", "0.05", "0.077", "0.19", "0.2", "1"]))
def test_net_plus_tax_is_gross_to_the_cent(cents: int, rate: str) -> None:
    net = calculated({"net": ["A", "B"], "decimals": 6}, A=f"{Decimal(cents) / 100}", B=rate)
    assert isinstance(net, str)
    assert round(Decimal(net) * (1 + Decimal(rate)), 2) == Decimal(cents) / 100


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"quotient": ["A"]}, "quotient needs two columns"),
        ({"net": ["A", "B", "C"]}, "net needs two columns"),
        ({"sum": ["A", "B"], "column": "C"}, "needs exactly one of column, columns, constant, computed, sum"),
        ({"column": "C", "decimals": 2}, "decimals is said of a calculation"),
        ({"sum": ["A", "B"], "decimals": 7}, "less than or equal to 6"),
        ({"sum": ["A", {"column": "B", "transforms": ["x"]}]}, "unknown transform"),
        ({"sum": ["A", "B"], "optional": True}, "optional is said of a column"),
    ],
)
def test_a_wrong_calculation_is_refused_with_the_mapping(source: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FieldSource.model_validate(source)


def test_all_columns_of_a_calculation_are_read() -> None:
    source = FieldSource.model_validate(
        {"quotient": [{"sum": ["A", {"column": "B", "optional": True, "default": 0}]}, {"columns": ["C", "D"]}]}
    )
    assert source.origin == ("A", "B", "C", "D")
    assert source.required_columns == ("A", "C", "D")
