"""Files as people send them: what makes an order of a CSV file doubtful, and what does not."""

from __future__ import annotations

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.file import plain_text
from chalicelib.batches.parsing.jsonl import JsonLines
from chalicelib.batches.parsing.records import Mark
from tests.support.files.damage import HEADER, Style
from tests.support.files.reading import Outcome, outcome_of

HEAD = "2026-11-23T10:15:00Z;C-1001;EUR;0;Ana;Weg 1;Wien;1010;AT"
REPEAT, CARRY, BLANK = Style(), Style("carry"), Style("blank")
TOTAL = Style(with_total=True)


def row(number: str, sku: str, head: str = HEAD, remark: str = "") -> str:
    return f"{number};{head};1;{sku};1;10.00;0;{remark}"


def of(*rows: str, style: Style = REPEAT, end: str = "\n", more: str = "") -> Outcome:
    text = "\n".join((";".join(HEADER), *rows)) + end
    return outcome_of(text.encode("utf-8", "surrogateescape"), more + style.mapping)


def taken(outcome: Outcome) -> dict[str, int]:
    """Order number -> how many lines were taken."""
    return {order.external_id: len(order.lines) for order in outcome.accepted}


A1, A2, A3 = row("A", "S-1"), row("A", "S-2"), row("A", "S-3")
B1, B2 = row("B", "T-1"), row("B", "T-2")
EMPTY = ";" * 8
SHOPIFY = tuple(f"A;{EMPTY};1;S-{n};1;10.00;0;" for n in (2, 3))
ODOO = tuple(f";{EMPTY};1;S-{n};1;10.00;0;" for n in (2, 3))


@pytest.mark.parametrize(
    ("rows", "style", "accepted"),
    [
        ((A1, A2, A3, B1), REPEAT, {"A": 3, "B": 1}),
        ((A1, A2.replace("Ana", "Nord; GmbH"), A3, B1), REPEAT, {"B": 1}),
        ((A1, A2, "A;short", B1), REPEAT, {"B": 1}),
        ((A1, "short", A2, B1, row("C", "U")), REPEAT, {"C": 1}),
        ((A1, A2, "short", B1), REPEAT, {}),
        ((A1, A2, "short", B1, B2, row("C", "U")), REPEAT, {"C": 1}),
        ((A1, A2, "sho;rt", B1, row("C", "U")), REPEAT, {"C": 1}),
        (("sho;rt", A1, B1), REPEAT, {"B": 1}),
        ((A1, "SO-0", row("005", "U-1"), row("SO-0005", "U-2"), B1), REPEAT, {"B": 1}),
        ((A1, A2 + B1, B2, row("C", "U")), REPEAT, {"C": 1}),
        ((A1, B1, A2, B2), REPEAT, {}),
        ((A1, B1, B2, A2), REPEAT, {"B": 2}),
        ((A1, row(" A ", "S-2"), A3, B1), REPEAT, {"A": 3, "B": 1}),
        ((A1, row("", "S-2"), B1), REPEAT, {}),
        ((A1, row("", "S-2"), B1, row("C", "U")), REPEAT, {"C": 1}),
        ((A1, row("#N/A", "S-2"), A3, B1), REPEAT, {"B": 1}),
        ((A1, row("1,23457E+15", "S-2"), B1), REPEAT, {}),
        ((A1, A2, row("A", "S-3", remark='"Eilt'), B1), REPEAT, {"B": 1}),
        ((A1, A2, row("A", "S-3", remark='eilt"'), B1), REPEAT, {"B": 1}),
        ((A1, "", A2, ";" * 15, B1), REPEAT, {"A": 2, "B": 1}),
        ((A1, *SHOPIFY, B1), CARRY, {"A": 3, "B": 1}),
        ((A1, *SHOPIFY, B1), REPEAT, {"B": 1}),
        ((A1, SHOPIFY[0], B1, SHOPIFY[1]), CARRY, {"B": 1}),
        ((A1, *ODOO, B1), BLANK, {"A": 3, "B": 1}),
        ((A1, ODOO[0], "short", ODOO[1], B1, row("C", "U")), BLANK, {"C": 1}),
        ((A1, ODOO[0], B1.replace("B", "", 1), ODOO[1], row("C", "U"), row("D", "V")), BLANK, {"D": 1}),
        ((A1, B1, "Summe;;;;20.00"), REPEAT, {"A": 1, "B": 1}),
        ((A1, B1, "TRAILER|2"), REPEAT, {"A": 1, "B": 1}),
        ((A1, B1, f";{EMPTY};;;;20.00;;"), REPEAT, {"A": 1, "B": 1}),
        ((A1, B1, f";{EMPTY};;;;20.00;;"), BLANK, {"A": 1, "B": 1}),
        ((A1, f";{EMPTY};;;;20.00;;", B1), BLANK, {"A": 1, "B": 1}),
        ((A1, f";{EMPTY};;;;20.00;;", ODOO[0], B1), BLANK, {"B": 1}),
        ((A1, "", f";{EMPTY};;;;20.00;;", "", "Summe;;20.00", ODOO[0], B1), BLANK, {"B": 1}),
        ((A1, "Summe;;20.00", "", "Summe;;20.00", "", B1), BLANK, {"A": 1, "B": 1}),
        ((A1, "Summe;;20.00", A2, B1), REPEAT, {"B": 1}),
        ((A1, "short", "Summe;;20.00", B1, B2, row("C", "U")), REPEAT, {"C": 1}),
        ((A1, *["Summe;;20.00"] * 101, ODOO[0], B1), BLANK, {"B": 1}),
        ((A1, ";".join(HEADER), B1), REPEAT, {"A": 1, "B": 1}),
        ((A1, "x" * 1_000_001, B1, B2, row("C", "U")), REPEAT, {"C": 1}),
        ((A1, B1, "\x1a"), REPEAT, {"A": 1, "B": 1}),
        ((A1, "A;" + "x" * 1_000_001, B1, B2, A2, row("C", "U")), REPEAT, {"C": 1}),
    ],
)
def test_an_order_is_taken_whole_or_not_at_all(rows: tuple[str, ...], style: Style, accepted: dict[str, int]) -> None:
    outcome = of(*rows, style=style)
    assert taken(outcome) == accepted
    assert outcome.tally.lines == len(rows) + 1


def test_the_report_names_every_row_of_an_order_that_is_not_taken() -> None:
    broken = A2.replace("Ana", "Nord; GmbH")
    [invalid] = of(A1, broken, "", A3, B1).invalid
    assert (invalid.external_id, invalid.line, invalid.last_line) == ("A", 2, 5)
    assert invalid.problems == (("", "line 3 has 17 cells, the header row has 16: a quote or delimiter is missing"),)


def test_a_torn_order_says_where_its_other_rows_are() -> None:
    told = {(each.line, each.problems[0][1]) for each in of(A1, B1, A2).invalid}
    assert told == {
        (2, "its rows do not follow each other, there are more on line 4: sort the file by order number"),
        (4, "its rows do not follow each other, there are more above: sort the file by order number"),
    }


def test_a_stray_quote_swallows_nothing() -> None:
    """It once made one row of three lines, whose orders nobody missed."""
    orders = [row(f"SO-{n}", f"S-{n}") for n in range(1, 6)]
    orders[1] += '"Eilt sehr'
    orders[3] += 'siehe Anlage"'
    outcome = of(*orders)
    assert not outcome.accepted
    assert all(outcome.names(line) for line in range(2, 7))
    known = of(*orders, style=Style(), more="").invalid
    assert {each.line for each in known} == {2, 3, 4, 5, 6}


def test_where_numbers_have_a_pattern_a_broken_row_costs_its_own_order_only() -> None:
    orders = [row(f"SO-{n}", f"S-{n}") for n in range(1, 6)]
    orders[1] += '"Eilt sehr'
    mapping = REPEAT.mapping.replace('"number"', '{ column = "number", pattern = "SO-[0-9]+" }')
    outcome = outcome_of("\n".join((";".join(HEADER), *orders, "")).encode(), mapping)
    assert sorted(taken(outcome)) == ["SO-1", "SO-3", "SO-4", "SO-5"]


def test_a_number_that_does_not_match_its_pattern_is_refused() -> None:
    mapping = REPEAT.mapping.replace('"number"', '{ column = "number", pattern = "SO-[0-9]+" }')
    outcome = outcome_of("\n".join((";".join(HEADER), row("SO-1", "S"), row("SO-x", "T"), "")).encode(), mapping)
    assert not outcome.accepted
    assert ("external_id", "does not match the pattern SO-[0-9]+ (column number)") in outcome.invalid[1].problems


@pytest.mark.parametrize(
    ("rows", "style", "accepted"),
    [
        ((A1, B1, B2), TOTAL, {"A": 1}),  # totals of 0 that are not those of the lines: only the last is looked at
        ((A1, B1.replace(";0;Ana", ";10.00;Ana")), TOTAL, {"A": 1, "B": 1}),
        ((A1, B1.replace(";0;Ana", ";20.00;Ana")), TOTAL, {"A": 1}),
        ((A1, B1), REPEAT, {"A": 1}),
        ((A1, B1[:-8]), REPEAT, {}),
        ((A1, B1[:-8].replace("B", "A")), REPEAT, {}),
    ],
)
def test_what_the_end_of_the_file_has_cut_off_is_not_taken(
    rows: tuple[str, ...], style: Style, accepted: dict[str, int]
) -> None:
    assert taken(of(*rows, style=style, end="")) == accepted


def test_line_breaks_in_cells_only_where_the_mapping_allows_them() -> None:
    rows = (A1, row("B", "T-1", remark='"kommt\nam Montag"'), row("C", "U"))
    assert not of(*rows).accepted
    allowed = of(*rows, more='line_breaks = ["remark"]\n')
    assert taken(allowed) == {"A": 1, "B": 1, "C": 1}
    assert allowed.tally.records == 4
    assert not of(*rows, more='line_breaks = ["name"]\n').accepted


def test_a_stray_quote_where_line_breaks_are_allowed_swallows_nothing_either() -> None:
    orders = [row(f"SO-{n}", f"S-{n}") for n in range(1, 6)]
    orders[1] += '"Eilt sehr'
    orders[3] += 'siehe Anlage"'
    outcome = of(*orders, more='line_breaks = ["*"]\n')
    assert not outcome.accepted
    assert all(outcome.names(line) for line in range(2, 7))


def test_what_is_wrong_with_one_order_is_bounded() -> None:
    """Ten thousand problems of each of the orders of a page would not fit into memory."""
    rows = [row("A", f"S-{n}").replace("10.00", "ten") for n in range(5_000)]
    [record] = of(*rows, B1, B2).invalid
    assert len(record.problems) == 100
    [long] = of(*[A1] * 501, B1).invalid
    assert long.problems == (("lines", "has 501 lines, at most 500 may be in an order"),)


def test_ten_thousand_rows_of_one_number_are_no_order() -> None:
    outcome = of(*[A1] * 10_001)
    assert "more than 10,000 rows have the same order number" in outcome.refused


def test_blank_lines_without_end_are_refused() -> None:
    text = plain_text([b"\n" * 1_000_001 + b"{}"], "utf-8")
    with pytest.raises(BrokenFile, match="more than 1,000,000 blank lines"):
        list(JsonLines(text, Mark()))
