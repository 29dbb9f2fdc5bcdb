"""A file whose mapping describes a trailer is taken if its last row agrees with all above it, and else refused."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import BatchState
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from tests.support.bulk import SOURCE
from tests.support.files.damage import HEADER, Style, rows_of, text_of
from tests.support.files.damaged import Damaged, damaged, proven_by_trailer
from tests.support.files.reading import Outcome, outcome_of
from tests.unit.batches.test_split import OnePageACall

HEAD = "2026-11-23T10:15:00Z;C-1001;EUR;0;Ana;Weg 1;Wien;1010;AT"
REPEAT = Style()
ALL = '[trailer]\nbegins = "END"\nrows = 2\nlines = 3\norders = 4\ntotal = 5\ntransforms = ["decimal_comma"]\n'
CHOICE = '[where.line]\ntake = ["1"]\nleave = ["9"]\n'


def row(number: str, sku: str, line: str = "1", price: str = "10.00") -> str:
    return f"{number};{HEAD};{line};{sku};1;{price};0;"


ROWS = (row("A", "S-1"), row("A", "S-2"), row("B", "T-1"))


def of(*rows: str, trailer: str = ALL, more: str = "", end: str = "\n", style: Style = REPEAT) -> Outcome:
    options, rest = style.mapping.split("[order]")
    text = "\n".join((";".join(HEADER), *rows)) + end
    return outcome_of(text.encode(), f"{options}{more}{trailer}[order]{rest}")


def taken(outcome: Outcome) -> dict[str, int]:
    return {order.external_id: len(order.lines) for order in outcome.accepted}


WHOLE = {"A": 2, "B": 1}


@pytest.mark.parametrize("end", ["\n", "", "\n\n \n", "\r\n\x1a"])
def test_a_trailer_that_agrees_makes_the_file_whole(end: str) -> None:
    outcome = of(*ROWS, "END;3;5;2;30,00", end=end)
    assert (taken(outcome), outcome.invalid, outcome.refused) == (WHOLE, (), "")
    assert (outcome.tally.header, outcome.tally.skipped, outcome.tally.records) == (1, 1, 3)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (ROWS, "the file has no trailer, which the mapping describes"),
        (ROWS[:2], "the file has no trailer"),
        ((), "the file has no trailer"),
        ((*ROWS, "END;4;5;2;30,00"), "it says 4 rows, there are 3"),
        ((*ROWS, "END;3;6;2;30,00"), "it says 6 lines, there are 5"),
        ((*ROWS, "END;3;5;3;30,00"), "it says 3 orders, there are 2"),
        ((*ROWS, "END;3;5;2;30,01"), "it says orders of 30.01 in total, they are 30"),
        ((*ROWS[:2], "END;3;5;2;30,00"), "3 rows, there are 2, and 5 lines, there are 4, and 2 orders, there are 1"),
        ((*ROWS, "END;;5;2;30,00"), "cell 2 is empty"),
        ((*ROWS, "END;3;5;2"), "cell 5 is empty"),
        ((*ROWS, "END;three;5;2;30,00"), "cell 2 is not a number"),
        ((*ROWS, "END;3;5;2;30.00"), "cell 5 is not a number with decimal comma"),
        ((*ROWS, "END;3;5;2;30,00", "END;3;5;2;30,00"), "line 6 stands below the trailer, which is in line 5"),
        ((*ROWS, "END;3;5;2;30,00", row("C", "U")), "line 6 stands below the trailer"),
        ((*ROWS[:2], "END;2;4;1;20,00", ROWS[2]), "line 5 stands below the trailer"),
        ((*ROWS, "end;3;5;2;30,00"), "the file has no trailer"),
        ((*ROWS, 'END;3;5;2;"30,00'), "the file has no trailer"),
        ((*ROWS[:2], row("A", "S-3", price="x"), "END;3;5;1;20,00"), "1 of its orders have none that can be read"),
    ],
)
def test_a_file_without_a_right_trailer_at_its_end_is_refused(rows: tuple[str, ...], told: str) -> None:
    assert told in of(*rows).refused


def test_what_the_trailer_counts() -> None:
    """Rows of orders, whether they are taken, left out or cannot be; not blank lines and comments."""
    more = f'comment = "#"\n{CHOICE}'
    rows = (ROWS[0], "", "# x", ROWS[1], row("C", "U", line="9"), "# y", row("B", "T", price="-1"), "END;4;9;3;29")
    outcome = of(*rows, more=more, trailer=ALL)
    assert (outcome.refused, taken(outcome)) == ("", {"A": 2})
    assert [record.external_id for record in outcome.invalid] == ["B"]
    assert outcome.tally.lines == 9


def test_a_trailer_vouches_for_the_last_order() -> None:
    one = '[trailer]\nbegins = "END"\norders = 2\n'
    assert taken(of(*ROWS, "END;2", trailer=one, style=Style(with_total=False))) == WHOLE
    wrong_total = Style(with_total=True)
    assert taken(of(*ROWS, "END;2", trailer=one, style=wrong_total)) == WHOLE, "rejected later, as each with this total"


def test_a_trailer_of_records_of_several_kinds() -> None:
    style = Style("kinds")
    rows = rows_of(Random(3), 4, style)
    count = len(rows)
    text = text_of([*rows, ["T", str(count), "4"]])
    mapping = style.mapping.replace("[order]", '[trailer]\nbegins = "T"\nrows = 2\norders = 3\n[order]')
    assert len(outcome_of(text.encode(), mapping).accepted) == 4
    lost = text_of([*rows[:-1], ["T", str(count), "4"]])
    assert f"{count} rows, there are {count - 1}" in outcome_of(lost.encode(), mapping).refused


@given(st.integers(0, 2**64))
def test_with_a_trailer_no_row_can_be_lost_or_doubled(seed: int) -> None:
    ensure_right(damaged(*proven_by_trailer(Random(seed))))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_damaged_files_with_a_trailer(part: int) -> None:
    for seed in range(part * 1_000, (part + 1) * 1_000):
        ensure_right(damaged(*proven_by_trailer(Random(seed))))


def ensure_right(found: Damaged) -> None:
    assert not found.wrong(), found
    assert found.outcome.refused or found.outcome.tally.lines == found.lines, found


@pytest.mark.parametrize("lost", [False, True])
def test_a_trailer_speaks_of_the_whole_file_however_many_calls_it_takes(lost: bool) -> None:
    style = Style(with_total=True, with_trailer=True)
    text = text_of(rows_of(Random(1), 350, style, digits=7))
    lines = text.splitlines(keepends=True)
    if lost:
        del lines[3]
    bench = OnePageACall()
    bench.mappings.texts[SOURCE, "default"] = style.mapping
    batch = bench.split(bench.started("".join(lines).encode(), "csv"))
    assert batch.state is (BatchState.REFUSED if lost else BatchState.RUNNING)
    assert ("does not agree with the file" in batch.problem) is lost
    assert not list(bench.fakes.events.order_ids())


@pytest.mark.parametrize(
    ("trailer", "said"),
    [
        ('[trailer]\nbegins = "END"\n', "trailer: needs the number of a cell"),
        ('[trailer]\nbegins = ""\nrows = 2\n', "trailer.begins"),
        ('[trailer]\nbegins = "END"\nrows = 1\n', "trailer.rows"),
        ('[trailer]\nbegins = "END"\ntotal = 2\ntransforms = ["comma"]\n', "trailer: unknown transform 'comma'"),
    ],
)
def test_a_wrong_trailer_is_refused_with_the_mapping(trailer: str, said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        parse_mapping(Style().mapping.replace("[order]", f"{trailer}[order]"))
