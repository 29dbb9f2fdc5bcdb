"""Files whose records are of several kinds: an order is what stands from one header row to the next."""

from __future__ import annotations

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from tests.support.files.reading import Outcome, outcome_of

MAPPING = """
delimiter = ";"
[kinds]
begin = "H"
line = "L"
skip = ["C"]
[kinds.columns]
H = ["number", "at", "customer"]
A = ["name", "street", "city", "zip", "country"]
L = ["number", "sku", "pieces", "price", ""]
[order]
external_id = "number"
ordered_at = "at"
customer_id = "customer"
currency = { constant = "EUR" }
total = { computed = "sum_of_lines" }
payment = { method = { constant = "on_account" } }
ship_to = { name = "name", address = "street", city = "city", postal_code = "zip", country = "country" }
[line]
line = { computed = "position" }
sku = "sku"
quantity = "pieces"
unit_price = "price"
tax_rate = { constant = "0.2" }
"""
BARE = MAPPING.replace('L = ["number", "sku"', 'L = ["sku"')


def h(number: str) -> str:
    return f"H;{number};2026-11-23T10:15:00Z;C-1001"


def line(number: str, sku: str) -> str:
    return f"L;{number};{sku};1;10.00;"


ADDRESS = "A;Ana;Weg 1;Wien;1010;AT"
A = (h("A"), ADDRESS, line("A", "S-1"), line("A", "S-2"))
B = (h("B"), ADDRESS, line("B", "T-1"))
WHOLE = {"A": 2, "B": 1}


def bare(rows: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(";".join((row[0], *row.split(";")[2:])) if row.startswith("L") else row for row in rows)


def of(*rows: str, mapping: str = MAPPING, end: str = "\n") -> Outcome:
    return outcome_of(("\n".join(rows) + end).encode(), mapping)


def taken(outcome: Outcome) -> dict[str, int]:
    return {order.external_id: len(order.lines) for order in outcome.accepted}


@pytest.mark.parametrize(
    ("rows", "accepted"),
    [
        ((*A, *B), WHOLE),
        ((*A[:2], "C;a remark", *A[2:], "", *B, "C"), WHOLE),
        ((A[0], *A[2:], A[1], *B), WHOLE),  # the address behind the lines
        ((*A, *B[:2]), {"A": 2}),
        ((A[0], *A[2:], *B), {"B": 1}),  # no address
        ((*A[:2], ADDRESS, *A[2:], *B), {"B": 1}),
        ((*A[2:], *B), {"B": 1}),  # lines without a header
        ((*A[:3], "X;what", A[3], *B), {"B": 1}),
        ((*A[:3], "L;A;S-2;1", *B), {"B": 1}),
        ((*A[:3], "L;A;S-2;1;10.00;;", *B), {"B": 1}),
        ((*A, "H;B;2026-11-23T10:15:00Z", *B[1:], h("D"), ADDRESS, line("D", "U")), {"D": 1}),  # A's last row, perhaps
        ((*A, h("#N/A"), *B[1:]), {"A": 2}),
        ((*A, h(""), *B[1:]), {"A": 2}),
        ((*A[:3], line("B", "S-2"), *B), {}),
        ((*A[:3], *B, A[3]), {}),
        ((*A[:3], line("", "S-2"), *B), {"B": 1}),
        ((*A, *A, *B), {"B": 1}),
        ((h("A"), *A, *B), {"B": 1}),
        (("l" + A[2][1:], *A, *B), WHOLE),
        ((*A, 'L;A;"S-3;1;10.00;', *B), {"B": 1}),
        ((*A, "Summe;3", *B), WHOLE),
    ],
)
def test_an_order_is_taken_whole_or_not_at_all(rows: tuple[str, ...], accepted: dict[str, int]) -> None:
    outcome = of(*rows)
    assert taken(outcome) == accepted
    assert outcome.tally.lines == len(rows)
    rest = [number for number, row in enumerate(rows, 1) if row.split(";")[1:2] in (["A"], ["B"])]
    named = [number for number in rest if outcome.names(number)]
    assert len(named) == len(rest) - sum(count + 1 for name, count in accepted.items() if name in WHOLE)


def test_lines_may_be_without_the_number_of_their_order() -> None:
    assert taken(of(*bare(A), *bare(B), mapping=BARE)) == WHOLE
    lost = of(*bare(A)[:2], "L;S-1;1", *bare(A)[3:], *bare(B), mapping=BARE)
    assert taken(lost) == {"B": 1}
    assert all(lost.names(number) for number in range(1, 5))


def test_what_stands_in_two_kinds_must_be_the_same() -> None:
    mapping = MAPPING.replace('"price", ""]', '"price", "customer"]')
    rows = [row + ("C-1001" if row.startswith("L") else "") for row in (*A, *B)]
    assert taken(of(*rows, mapping=mapping)) == WHOLE
    rows[2] = rows[2].replace("C-1001", "C-1002")
    outcome = of(*rows, mapping=mapping)
    assert taken(outcome) == {"B": 1}
    assert outcome.invalid[0].problems == (("", "differs in line 3 from the row of kind H (column customer)"),)


def test_kinds_may_be_any_words() -> None:
    mapping = (
        MAPPING.replace('"H"', '"100"').replace('"L"', '"200"').replace("\nH =", "\n100 =").replace("\nL =", "\n200 =")
    )
    rows = [row.replace("H;", "100;", 1).replace("L;", "200;", 1) for row in (*A, *B)]
    assert taken(of(*rows, mapping=mapping)) == WHOLE


NAMES = ("Kind;number;at;customer", "Kind;name;street;city;zip;country", "Kind;number;sku;pieces;price;remark")


def test_header_rows_are_held_against_the_mapping() -> None:
    mapping = MAPPING.replace("[kinds.columns]", "header_rows = true\n[kinds.columns]")
    outcome = of(*NAMES, *A, *B, mapping=mapping)
    assert (taken(outcome), outcome.tally.header) == (WHOLE, 3)
    other = (NAMES[0].replace("at;customer", "customer;at"), *NAMES[1:])
    refused = of(*other, *A, *B, mapping=mapping).refused
    assert refused == "the header row in line 1 names number, customer, at; the mapping says number, at, customer"
    assert "header row" in of(*A, mapping=mapping).refused


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ("skip_rows = 2\n", ("Orders", "of today", *A, *B)),
        ("", ("sep=;", *A, *B)),
        ('ragged = "pad"\n', tuple(row.removesuffix(";") for row in (*A, *B))),
        ("trailing_delimiter = true\n", tuple(row + ";" for row in (*A, *B))),
        ('comment = "#"\n', ("# orders", *A, "# more", *B)),
        ("", tuple(f"{row};" if row.startswith("C") else row for row in (*A, *B))),
    ],
)
def test_other_options_hold_for_kinds(options: str, rows: tuple[str, ...]) -> None:
    outcome = of(*rows, mapping=options + MAPPING.lstrip())
    assert (taken(outcome), outcome.tally.lines) == (WHOLE, len(rows))


def test_a_file_that_was_cut_off_gives_no_part_of_an_order() -> None:
    mapping = MAPPING.replace('{ computed = "sum_of_lines" }', '"total"').replace('"customer"]', '"customer", "total"]')
    rows = [f"{row};24.00" if row.startswith("H") else row for row in A]
    whole = "\n".join(rows) + "\n"
    for end in range(len(whole)):
        outcome = outcome_of(whole[:end].encode(), mapping)
        proven = [order for order in outcome.accepted if order.total in order.possible_totals()]
        assert [len(order.lines) for order in proven] in ([], [2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[order]", '[trailer]\nbegins = "C"\nrows = 2\n[order]'), "trailer.begins: is a kind of record as well"),
        (('begin = "H"', 'begin = "K"'), "begin and line must be two of the kinds"),
        (('line = "L"', 'line = "H"'), "begin and line must be two of the kinds"),
        (('skip = ["C"]', 'skip = ["C", "A"]'), "A is both skipped and read"),
        (('"name", "street"', '"name", "sku"'), "sku is named twice"),
        (('"at", "customer"]', '"at", "customer", "at"]'), "at is named twice"),
        (('"number", "at"', '"numero", "at"'), "external_id must be read from the kind that begins"),
        (('"city", "zip"', '"city", "plz"'), "no kind has a cell zip, from which ship_to.postal_code is read"),
        (
            ('delimiter = ";"', 'delimiter = ";"\ncontinuation = "blank"'),
            "continuation: says nothing where there are kinds",
        ),
    ],
)
def test_wrong_kinds_are_refused_with_the_mapping(change: tuple[str, str], said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        parse_mapping(MAPPING.replace(*change))
