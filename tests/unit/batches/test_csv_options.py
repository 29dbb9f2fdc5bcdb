"""The shapes that CSV files have in the field: what each option of a mapping makes readable, and refused without it."""

from __future__ import annotations

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.batches.parsing.file import fingerprint
from tests.support.files.damage import HEADER, Style
from tests.support.files.reading import Outcome, outcome_of

MAPPING = Style().mapping
NAMES = ";".join(HEADER)
HEAD = "2026-11-23T10:15:00Z;C-1001;EUR;0;Ana;Weg 1;Wien;1010;AT"
ROWS = (f"A;{HEAD};1;S-1;1;10.00;0;", f"A;{HEAD};2;S-2;1;10.00;0;", f"B;{HEAD};1;T-1;1;5.00;0;")
WHOLE = {"A": 2, "B": 1}


def file_of(*lines: str, end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def taken(outcome: Outcome) -> dict[str, int]:
    """Order number -> how many lines were taken."""
    return {order.external_id: len(order.lines) for order in outcome.accepted}


def trailing(*lines: str) -> tuple[str, ...]:
    return tuple(line + ";" for line in lines)


SHORT = tuple(row.removesuffix(";") for row in ROWS)
TABS = tuple(line.replace(";", "\t") for line in (NAMES, *ROWS))
QUOTED = tuple(row.replace("Ana", '"ACME" Handel') for row in ROWS)


@pytest.mark.parametrize(
    ("option", "lines", "without"),
    [
        ("", ("sep=;", NAMES, *ROWS), None),
        ("", ("sep=\t", *TABS), None),
        ("", ("SEP=;", NAMES, *ROWS), None),
        ("skip_rows = 2", ("Order list", "as of 2026-11-23", NAMES, *ROWS), "lacks columns"),
        ("skip_rows = 1", ("sep=;", "Order list", NAMES, *ROWS), "lacks columns"),
        ('comment = "#"', (NAMES, "# monday", *ROWS[:1], "  # still; A", *ROWS[1:], "# end"), {}),
        ('match = "ignore-case"', (NAMES.upper(), *ROWS), "in another case"),
        ('match = "ignore-case"', (NAMES.title(), *ROWS), "in another case"),
        ("trailing_delimiter = true", (NAMES, *trailing(*ROWS)), {}),
        ("trailing_delimiter = true", (NAMES + ";", *trailing(*trailing(*ROWS))), {}),
        ("", (NAMES + ";", *trailing(*ROWS)), None),
        ("", (NAMES + ";;", *trailing(*trailing(*ROWS))), None),
        ("", (NAMES + ";x;x", *(row + ";1;2" for row in ROWS)), None),
        ('ragged = "pad"', (NAMES, *SHORT), {}),
        ('quote = ""', (NAMES, *QUOTED), {}),
        ('quote = ""\ndelimiter = "\\t"', tuple(row.replace(";", "\t") for row in (NAMES, *QUOTED)), "one column only"),
        ('quote = "\'"', (NAMES, *(row.replace("Ana", "'Nord; \"N\"'") for row in ROWS)), {}),
        ("", (NAMES, *(row.replace("A;", " A ;", 1) for row in ROWS)), None),
    ],
)
def test_an_option_makes_a_shape_readable(option: str, lines: tuple[str, ...], without: object) -> None:
    """`without`: what is said or taken if the option is not set; None if there is none to set."""
    outcome = outcome_of(file_of(*lines), with_option(option))
    assert (taken(outcome), outcome.invalid) == (WHOLE, ())
    assert outcome.tally.lines == len(lines)
    if isinstance(without, str):
        assert without in outcome_of(file_of(*lines), MAPPING).refused
    elif without is not None:
        assert taken(outcome_of(file_of(*lines), MAPPING)) == without


def with_option(option: str) -> str:
    if "\ndelimiter =" in option:
        return f"{option}\n{MAPPING}".replace('delimiter = ";"', "", 1)
    return f"{option}\n{MAPPING}"


def test_lines_that_are_left_out_are_counted_as_such() -> None:
    lines = ("Title", "", NAMES, "# a", ROWS[0], "# b", ROWS[1], "", "# c", ROWS[2], " ", "# d")
    tally = outcome_of(file_of(*lines), with_option('skip_rows = 1\ncomment = "#"')).tally
    assert (tally.header, tally.blank, tally.skipped, tally.records) == (3, 2, 3, 4)  # "# b" stands within an order


def test_a_comment_hides_no_row_of_an_order() -> None:
    """A row that was commented out by hand is missing: only its total tells."""
    mapping = with_option('comment = "#"').replace('{ computed = "sum_of_lines" }', '"total"')
    rows = (ROWS[0].replace(";0;Ana", ";20.00;Ana"), "#" + ROWS[1], ROWS[2].replace(";0;Ana", ";5.00;Ana"))
    outcome = outcome_of(file_of(NAMES, *rows), mapping)
    [order] = [each for each in outcome.accepted if each.total not in each.possible_totals()]
    assert order.external_id == "A", "handed over with a total that is not that of its lines: rejected by that"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("A;short", "has 2 cells"),
        ("A;" + HEAD, "is empty"),
    ],
)
def test_padding_makes_no_order_of_a_row_that_lacks_what_it_needs(row: str, told: str) -> None:
    padded = with_option('ragged = "pad"')
    [record] = outcome_of(file_of(NAMES, row), padded if told == "is empty" else MAPPING).invalid
    assert told in record.problems[0][1]


def test_a_row_that_was_cut_off_is_not_padded_to_an_order() -> None:
    data = file_of(NAMES, *ROWS)
    for end in range(len(data) - len(ROWS[2]), len(data)):
        assert "B" not in taken(outcome_of(data[:end], with_option('ragged = "pad"'))), data[end - 20 : end]


def test_a_column_that_stands_twice_may_not_be_mapped() -> None:
    lines = (NAMES + ";sku", *(row + ";other" for row in ROWS))
    assert "names a column twice: sku" in outcome_of(file_of(*lines), MAPPING).refused
    cased = (NAMES + ";SKU", *(row + ";other" for row in ROWS))
    assert "names a column twice: sku" in outcome_of(file_of(*cased), with_option('match = "ignore-case"')).refused


def test_a_cell_in_a_column_without_a_name_is_a_delimiter_too_many() -> None:
    strict = MAPPING.replace('ignore = ["*"]', 'ignore = ["total", "remark", "line"]')
    rows = (ROWS[0].replace("Weg 1", "Weg; 1").removesuffix(";"), *trailing(*ROWS[1:]))
    outcome = outcome_of(file_of(NAMES + ";", rows[0] + ";", *rows[1:]), strict)
    assert taken(outcome) == {"B": 1}


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_of_any_kind(end: str) -> None:
    outcome = outcome_of(file_of(NAMES, *ROWS, end=end), MAPPING)
    assert (taken(outcome), outcome.tally.lines) == (WHOLE, 4)


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("utf-16", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
        ("utf-8-sig", "cp1252"),
        ("cp1252", "cp1252"),
        ("latin-1", "latin-1"),
    ],
)
def test_a_mark_or_else_the_stated_encoding_is_believed(written: str, stated: str) -> None:
    text = file_of(NAMES, *(row.replace("Wien", "Köln") for row in ROWS)).decode()
    mapping = f'encoding = "{stated}"\n{MAPPING}'
    outcome = outcome_of(text.encode(written), mapping)
    assert taken(outcome) == WHOLE
    assert outcome.accepted[0].ship_to.city == "Köln"
    fingerprint([text.encode(written)], stated)


def test_an_encoding_that_would_garble_is_named() -> None:
    data = file_of(NAMES, *(row.replace("Wien", "Köln") for row in ROWS))
    for stated in ("cp1252", "latin-1"):
        with pytest.raises(BrokenFile, match=f"`encoding` is {stated}, but the file is UTF-8"):
            fingerprint([data[:200], data[200:]], stated)
    assert fingerprint([file_of(NAMES, *ROWS)], "cp1252")
    with pytest.raises(BrokenFile, match="it looks like UTF-16: state `encoding`"):
        fingerprint([data.decode().encode("utf-16-le")], "utf-8")
    unread = outcome_of(data.decode().encode("cp1252"), MAPPING)
    assert not unread.accepted, "bytes of cp1252 under utf-8"


@pytest.mark.parametrize(
    ("transforms", "cell", "street"),
    [
        ("one_line", '"Weg 1\nHinterhaus"', "Weg 1 Hinterhaus"),
        ("collapse_blanks", '"Weg 1\n  Hinterhaus"', "Weg 1 Hinterhaus"),
    ],
)
def test_a_street_of_two_lines(transforms: str, cell: str, street: str) -> None:
    lines = (NAMES, *(row.replace("Weg 1", cell) for row in ROWS))
    mapping = MAPPING.replace('address = "street"', f'address = {{ column = "street", transforms = ["{transforms}"] }}')
    outcome = outcome_of(file_of(*lines), f'line_breaks = ["street"]\n{mapping}')
    assert taken(outcome) == WHOLE
    assert {order.ship_to.address for order in outcome.accepted} == {street}
    assert not outcome_of(file_of(*lines), mapping).accepted


@pytest.mark.parametrize(
    ("field", "transforms", "cell", "value"),
    [
        ("unit_price", ["unit:€|EUR", "decimal_comma"], "3,71 €", "3.71"),
        ("unit_price", ["unit:EUR|", "decimal_comma"], "1.003,71", "1003.71"),
        ("tax_rate", ["percent"], "19%", "0.19"),
        ("tax_rate", ["unit:%", "decimal_comma", "percent"], "19,5 %", "0.195"),
        ("quantity", ["unit:ST"], "10 ST", "10"),
        ("quantity", ["unit:ST"], "10 KAR", ""),
        ("quantity", ["unit:ST"], "10", ""),
        ("unit_price", ["unit:€", "decimal_comma"], "$ 3,71", ""),
        ("unit_price", ["accounting", "decimal_comma"], "(3,71)", ""),
    ],
)
def test_units_in_cells(field: str, transforms: list[str], cell: str, value: str) -> None:
    """An empty `value`: the line is refused. A negative price is none that an order may have."""
    column = {"unit_price": "price", "tax_rate": "tax", "quantity": "pieces"}[field]
    source = f'{{ column = "remark", transforms = {transforms} }}'
    changed = MAPPING.replace(f'{field} = "{column}"', f"{field} = {source}")
    outcome = outcome_of(file_of(NAMES, *(row + cell for row in ROWS[1:])), changed)
    assert {str(getattr(order.lines[0], field)) for order in outcome.accepted} == ({value} if value else set())


@pytest.mark.parametrize(
    ("transform", "cells"),
    [
        ("excel_date:1900", ("46349.427083333336", "46349.4270833", "46349.4271")),
        ("excel_date:1904", ("44887.427083333336",)),
        ("date:%d.%m.%Y %H:%M|%Y-%m-%d %H:%M", ("23.11.2026 10:15", "2026-11-23 10:15")),
    ],
)
def test_dates_as_they_are_written(transform: str, cells: tuple[str, ...]) -> None:
    mapping = MAPPING.replace('ordered_at = "at"', f'ordered_at = {{ column = "at", transforms = ["{transform}"] }}')
    for cell in cells:
        outcome = outcome_of(file_of(NAMES, ROWS[2].replace("2026-11-23T10:15:00Z", cell), ROWS[0]), mapping)
        [order] = outcome.accepted
        assert order.ordered_at.isoformat()[:16] == "2026-11-23T10:15"


def test_formats_that_read_one_date_as_two_are_refused_with_the_mapping() -> None:
    wrong = MAPPING.replace(
        'ordered_at = "at"', 'ordered_at = { column = "at", transforms = ["date:%d/%m/%Y|%m/%d/%Y"] }'
    )
    with pytest.raises(BrokenFile, match=r"order.ordered_at.*read 02/01/2001 as different days"):
        parse_mapping(wrong)
