"""Numbers and dates as people write them: read as they were meant, or refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.mapping.transforms import BadTransform, compile_transform
from chalicelib.mapping.values import BadValue, Value


def through(names: str, value: Value) -> Value:
    """The value behind these transforms, joined by ` > `."""
    for name in names.split(" > "):
        value = compile_transform(name)(value)
    return value


EURO = "unit:€|EUR > accounting > decimal_comma"


@pytest.mark.parametrize(
    "cell",
    [
        *("3,71 €", "€ 3,71", "€3,71", "3,71€", "EUR 3,71", "3,71\u00a0€", " 3,71 EUR "),
    ],
)
def test_a_currency_around_an_amount(cell: str) -> None:
    assert through(EURO, cell) == Decimal("3.71")


@pytest.mark.parametrize(
    "cell", ["-3,71 €", "-€3,71", "€-3,71", "€ -3,71", "3,71- €", "3,71 €-", "(3,71 €)", "(€3,71)", "(3,71)", "3,71-"]
)
def test_negative_amounts(cell: str) -> None:
    names = EURO if "€" in cell else "accounting > decimal_comma"
    assert through(names, cell) == Decimal("-3.71")


@pytest.mark.parametrize(
    ("names", "cell"),
    [
        (EURO, "3€71"),
        (EURO, "€ 3,71 €"),
        (EURO, "3,71"),
        (EURO, "3,71 $"),
        (EURO, "US€ 3,71"),
        (EURO, "€"),
        (EURO, "(-3,71 €)"),
        (EURO, "--3,71 €"),
        ("unit:ST", "10 KAR"),
        ("unit:ST", "10"),
        ("unit:ST", "1 0 ST 5"),
        ("unit:%", "19 % 3"),
        ("accounting > decimal_comma", "(3,71"),
        ("accounting > decimal_comma", "3,71)"),
        ("accounting > decimal_comma", "(3,71-)"),
        ("percent", "19 %%"),
        ("excel_date:1900", "60"),
        ("excel_date:1900", "0"),
        ("excel_date:1900", "-1"),
        ("excel_date:1900", "2958466"),
        ("excel_date:1900", "23.11.2026"),
        ("excel_date:1900", "46349,5"),
        ("date:%d.%m.%Y|%Y-%m-%d", "11/23/2026"),
        ("date:%d.%m.%Y|%Y-%m-%d", "31.11.2026"),
    ],
)
def test_what_was_not_meant_like_that_is_refused(names: str, cell: str) -> None:
    with pytest.raises(BadValue):
        through(names, cell)


EPOCHS = {"1900": datetime.fromisoformat("1899-12-30"), "1904": datetime.fromisoformat("1904-01-01")}


@given(
    st.datetimes(EPOCHS["1900"] + timedelta(days=61), datetime.fromisoformat("2199-01-01")),
    st.sampled_from(["1900", "1904"]),
)
def test_a_serial_number_is_the_time_that_it_was_made_from(moment: datetime, system: str) -> None:
    moment = moment.replace(microsecond=0)
    begin = EPOCHS[system]
    if moment - begin < timedelta(days=1):
        return
    serial = (moment - begin) / timedelta(days=1)
    assert through(f"excel_date:{system}", serial) == moment
    assert through(f"excel_date:{system}", f"{serial:.10f}") == moment


DATES = st.dates(date(2000, 1, 1), date(2060, 1, 1))
FORMATS = (
    "%d.%m.%Y",
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%y%m%d",
    "%d%m%y",
    "%Y%m%d",
    "%d.%m.%y",
    "%m-%d-%Y",
    "%d-%m-%Y",
)


@given(
    st.sampled_from(FORMATS),
    st.sampled_from(FORMATS),
    DATES,
)
def test_of_several_formats_none_reads_a_date_that_another_wrote(one: str, other: str, day: date) -> None:
    """Or they are refused together."""
    try:
        read = compile_transform(f"date:{one}|{other}")
    except BadTransform:
        assert one != other
        return
    found = read(day.strftime(one))
    assert isinstance(found, datetime)
    assert found.date() == day


@pytest.mark.parametrize(
    "wrong",
    ["date:%d/%m/%Y|%m/%d/%Y", "date:%y%m%d|%d%m%y", "date:%d.%m.%Y|", "unit:", "unit:|", "unit:10", "excel_date:05"],
)
def test_wrong_arguments_are_found_when_the_mapping_is_read(wrong: str) -> None:
    with pytest.raises(BadTransform):
        compile_transform(wrong)
