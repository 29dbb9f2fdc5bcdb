"""Which orders and lines of a file are meant, what is made of their cells, and that no damaged cell decides that."""

from __future__ import annotations

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from tests.support.files.damage import HEADER, Style
from tests.support.files.reading import Outcome, outcome_of

HEAD = "2026-11-23T10:15:00Z;C-1001;EUR;0;Ana;Weg 1;Wien;1010;AT"
REPEAT = Style()
WHERE = '[where.status]\ntake = ["open", "new"]\nleave = ["cancelled", ""]\n'
GOODS = '[line_where.type]\ntake = ["N"]\nleave = ["T"]\n'


def row(number: str, sku: str, status: str = "open", kind: str = "N", shipping: str = "0", head: str = HEAD) -> str:
    return f"{number};{head};1;{sku};1;10.00;0;;{status};{kind};{shipping}"


def of(
    *rows: str, tables: str = WHERE, style: Style = REPEAT, change: tuple[str, str] = ("", ""), end: str = "\n"
) -> Outcome:
    text = "\n".join((";".join((*HEADER, "status", "type", "shipping")), *rows)) + end
    options, line = style.mapping.split("[order]")
    return outcome_of(text.encode(), f"{options}{tables}[order]{line}".replace(*change))


def taken(outcome: Outcome) -> dict[str, int]:
    return {order.external_id: len(order.lines) for order in outcome.accepted}


A, B = row("A", "S"), row("B", "T")


@pytest.mark.parametrize(
    ("rows", "accepted", "invalid"),
    [
        ((A, B), {"A": 1, "B": 1}, {}),
        ((A, row("B", "T", "cancelled")), {"A": 1}, {}),
        ((row("A", "S", " cancelled "), row("A", "S-2", "cancelled"), B), {"B": 1}, {}),
        ((A, row("B", "T", "")), {"A": 1}, {}),
        ((A, row("B", "T", "canceled")), {"A": 1}, {"B": "neither takes nor leaves out (column status)"}),
        ((A, row("B", "T", "Open")), {"A": 1}, {"B": "neither takes nor leaves out"}),
        (
            (A, row("A", "S-2", "cancelled"), B),
            {"B": 1},
            {"A": "differs between the rows of the order (column status)"},
        ),
        ((row("A", "S", "cancelled"), row("A", "S-2"), B), {"B": 1}, {"A": "differs between the rows"}),
        ((row("A", "S", "cancelled"), "A;short", B), {"B": 1}, {"A": "has 2 cells"}),
        ((A, B, row("A", "S-2", "cancelled")), {"B": 1}, {"A": "do not follow each other"}),
    ],
)
def test_orders_are_taken_or_left_by_the_value_of_a_column(
    rows: tuple[str, ...], accepted: dict[str, int], invalid: dict[str, str]
) -> None:
    outcome = of(*rows)
    assert taken(outcome) == accepted
    assert {record.external_id for record in outcome.invalid} == invalid.keys()
    for record in outcome.invalid:
        assert any(invalid[record.external_id] in message for _, message in record.problems)
    left_out = sum(record.last_line - record.line + 1 for record in outcome.invalid)
    assert outcome.tally.records == sum(accepted.values()) + left_out
    assert outcome.tally.lines == len(rows) + 1


def test_the_rows_of_an_order_that_is_left_out_are_counted_as_skipped() -> None:
    tally = of(A, row("B", "T", "cancelled"), "", row("B", "T-2", "cancelled"), row("C", "U")).tally
    assert (tally.header, tally.records, tally.skipped, tally.blank) == (1, 2, 3, 0)


def test_where_only_taken_values_are_listed_every_other_is_refused() -> None:
    outcome = of(A, row("B", "T", "closed"), tables='where = { status = ["open"] }\n')
    assert taken(outcome) == {"A": 1}
    assert [record.external_id for record in outcome.invalid] == ["B"]


def test_a_carried_header_carries_the_choice() -> None:
    blank = ";".join([""] * 9)
    rows = (row("A", "S", "cancelled"), row("A", "S-2", "", head=blank), B, row("B", "T-2", "", head=blank))
    outcome = of(*rows, style=Style("carry"))
    assert (taken(outcome), outcome.tally.skipped) == ({"B": 2}, 2)


@pytest.mark.parametrize(
    ("rows", "accepted", "told"),
    [
        ((A, row("A", "", kind="T"), row("A", "S-3"), B), {"A": 2, "B": 1}, ""),
        ((row("A", "", kind="T"), A, B), {"A": 1, "B": 1}, ""),
        ((A, row("A", "S-2", kind="X"), B), {"B": 1}, "line 3 has a value that [line_where] neither takes"),
        ((A, row("A", "S-2", kind=""), B), {"B": 1}, "line 3 has a value that [line_where] neither takes"),
        ((row("A", "", kind="T"), B), {"B": 1}, "all rows of the order are left out"),
    ],
)
def test_lines_that_are_no_goods_are_left_out(rows: tuple[str, ...], accepted: dict[str, int], told: str) -> None:
    outcome = of(*rows, tables=GOODS)
    assert taken(outcome) == accepted
    assert outcome.tally.records == len(rows), "they stand within their order, which the report names"
    assert [told in record.problems[0][1] for record in outcome.invalid] == ([True] if told else [])


def test_goods_beyond_the_most_lines_of_an_order_are_not_cut_off() -> None:
    texts = [row("A", "", kind="T")] * 400
    enough = of(*texts, *[row("A", f"S-{n}") for n in range(500)], tables=GOODS)
    assert taken(enough) == {"A": 500}
    too_many = of(*texts, *[row("A", f"S-{n}") for n in range(501)], tables=GOODS)
    assert not too_many.accepted
    assert len(too_many.invalid) == 1


SHIPPING = """
[[extra_lines]]
line = { constant = 9000 }
sku = { constant = "SHIPPING" }
quantity = { constant = 1 }
unit_price = { column = "shipping", transforms = ["decimal_comma"], default = 0 }
tax_rate = { constant = "0.19" }
"""


@pytest.mark.parametrize(
    ("cells", "prices"),
    [
        (("4,90", "4,90"), ["10.00", "10.00", "4.9"]),
        (("0,00", "0,00"), ["10.00", "10.00"]),
        (("0", "0"), ["10.00", "10.00"]),
        (("", ""), ["10.00", "10.00"]),
        (("4,90", "5,90"), None),
        (("4.90.0", "4.90.0"), None),
        (("-4,90", "-4,90"), None),
    ],
)
def test_a_column_of_the_order_becomes_a_line(cells: tuple[str, str], prices: list[str] | None) -> None:
    rows = [row("A", f"S-{n}", shipping=cell) for n, cell in enumerate(cells)]
    outcome = of(*rows, B, tables="", change=("[line]", f"{SHIPPING}[line]"))
    found = [order for order in outcome.accepted if order.external_id == "A"]
    assert [[f"{line.unit_price}" for line in order.lines] for order in found] == ([trimmed(prices)] if prices else [])
    if found and len(found[0].lines) == 3:
        assert (found[0].lines[2].line, found[0].lines[2].sku) == (9000, "SHIPPING")


def trimmed(prices: list[str]) -> list[str]:
    return [price.removesuffix(".00") for price in prices]


def test_an_empty_cell_is_no_free_shipping_unless_the_mapping_says_so() -> None:
    outcome = of(
        row("A", "S", shipping=""), tables="", change=("[line]", f"{SHIPPING}[line]".replace(", default = 0", ""))
    )
    assert ("lines[1].unit_price", "is empty, and there is no default (column shipping)") in outcome.invalid[0].problems


def test_the_end_of_a_file_can_cut_nothing_off_a_choice() -> None:
    """The last cells of the file are the status, the kind of the line, and the shipping."""
    whole = "\n".join((A, row("B", "T", shipping="14,90")))
    for cut in range(1, len(row("B", "T", shipping="14,90"))):
        outcome = of(whole[:-cut], change=("[line]", f"{SHIPPING}[line]"), end="")
        assert "B" not in taken(outcome), whole[:-cut]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ('where = { status = { take = ["a"], leave = ["b", "a"] } }\n', "where.status: a is both taken and left out"),
        ("where = { status = [] }\n", "where.status: needs the values that are taken"),
        ('where = { status = { leave = ["a"] } }\n', "where.status: needs the values that are taken"),
        ('where = { status = { take = ["a"], leaves = ["b"] } }\n', "where.status.leaves"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_mapping(tables: str, said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        parse_mapping(tables + Style().mapping.lstrip())


def test_a_file_must_have_the_columns_of_its_choices() -> None:
    outcome = of(A, tables='where = { state = ["open"] }\n')
    assert "state (where)" in outcome.refused


DATED = "[where.status]\ntake = [\"\"]\nleave_pattern = '\\d{4}-\\d\\d-\\d\\d'\n"


@pytest.mark.parametrize(
    ("status", "accepted", "named"),
    [
        ("", {"A": 1, "B": 1}, set()),
        ("2026-11-23", {"A": 1}, set()),
        ("2026-11-2", {"A": 1}, {"B"}),
        ("2026-11-23x", {"A": 1}, {"B"}),
    ],
)
def test_a_choice_may_be_a_pattern(status: str, accepted: dict[str, int], named: set[str]) -> None:
    outcome = of(row("A", "S", ""), row("B", "T", status), tables=DATED)
    assert (taken(outcome), {record.external_id for record in outcome.invalid}) == (accepted, named)


def test_a_value_that_is_both_taken_and_left_decides_nothing() -> None:
    both = "[where.status]\ntake_pattern = '\\w+'\nleave = [\"closed\"]\n"
    outcome = of(A, row("B", "T", "closed"), tables=both)
    assert taken(outcome) == {"A": 1}
    assert "both takes and leaves out" in outcome.invalid[0].problems[0][1]


@pytest.mark.parametrize(
    ("counts", "accepted", "problem"),
    [
        (("2", "2"), {"A": 2, "B": 1}, ""),
        (("3", "3"), {"B": 1}, "says that the order has 3 rows, there are 2 (column shipping)"),
        (("1", "1"), {"B": 1}, "says that the order has 1 rows, there are 2"),
        (("2", "1"), {"B": 1}, "differs between the rows of the order (column shipping)"),
        (("", ""), {"B": 1}, "is empty"),
        (("two", "two"), {"B": 1}, "is not a number"),
    ],
)
def test_an_order_that_says_how_many_rows_it_has_has_as_many(
    counts: tuple[str, str], accepted: dict[str, int], problem: str
) -> None:
    rows = [row("A", f"S-{n}", shipping=count) for n, count in enumerate(counts)]
    outcome = of(*rows, row("B", "T", shipping="1"), tables='row_count = "shipping"\n')
    assert taken(outcome) == accepted
    assert all(any(problem in message for _, message in record.problems) for record in outcome.invalid)


def test_a_note_between_the_rows_of_an_order_that_are_blank() -> None:
    """As Odoo writes them: neither a number nor a SKU, but a kind of line that the mapping knows."""
    blank = ";".join([""] * 9)
    rows = (row("A", "S"), row("", "", "", kind="T", head=blank), row("", "S-2", "", head=blank), B)
    assert taken(of(*rows, tables=GOODS, style=Style("blank"))) == {"A": 2, "B": 1}
    unknown = (rows[0], rows[1].replace(";T;", ";X;"), *rows[2:])
    assert taken(of(*unknown, tables=GOODS, style=Style("blank"))).keys() <= {"B"}
