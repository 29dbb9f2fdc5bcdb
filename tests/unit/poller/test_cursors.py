"""Where the floor of a timestamp cursor goes when a pass is finished: behind the floor nothing is ever read again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from poller.database.clock import ClockReading
from poller.database.keyset import Bound
from poller.polling.cursors import CursorMode, cursor_mode
from poller.source.file import parse_source
from poller.state.ports import Watermark
from tests.support.poller.erp import source_text

OVERLAP_S = 300
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TEXT = f'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"\noverlap_s = {OVERLAP_S}'
NUMBER = f'{TEXT}\ntype = "number"\nformat = "%Y%m%d%H%M%S"'


def mode(cursor: str = TEXT) -> CursorMode:
    return cursor_mode(parse_source(source_text('sqlite = "erp.db"', cursor), "erp.toml").source)


def stamp(minute: float) -> str:
    return f"{NOON + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S}"


def after_a_pass(last_minute: float | None, clock_minute: float, before: Watermark | None = None) -> Watermark:
    """A pass that began at `clock_minute` by the database's clock and read up to a row stamped `last_minute`."""
    watermark = mode().begin(before or Watermark(), ClockReading(NOON + timedelta(minutes=clock_minute)))
    if last_minute is not None:
        watermark = mode().finish(Watermark(position=(stamp(last_minute), 7), candidate=watermark.candidate))
    else:
        watermark = mode().finish(watermark)
    return watermark


@pytest.mark.parametrize(
    ("last_minute", "floor"),
    [
        (0, Bound((stamp(-5),), inclusive=True)),
        (-4.99, Bound((stamp(-5),), inclusive=True)),
        (-5, Bound((stamp(-5),), inclusive=True)),
        (-5.02, Bound((stamp(-5.02), 7))),
        (-60, Bound((stamp(-60), 7))),
    ],
    ids=["now", "within the overlap", "at its beginning", "a second before it", "long ago"],
)
def test_the_floor_is_the_overlap_before_the_pass_or_the_last_row_if_that_is_earlier(
    last_minute: float, floor: Bound
) -> None:
    assert after_a_pass(last_minute, clock_minute=0).floor == floor


def test_a_row_that_comes_after_a_pass_whose_clock_was_ahead_is_read() -> None:
    """For one pass the database's clock is an hour ahead; the row is stamped when it is right again."""
    ahead = after_a_pass(last_minute=0, clock_minute=60)
    late = stamp(1)
    assert ahead.floor is not None
    assert str(ahead.floor.position[0]) < late
    after = after_a_pass(None, clock_minute=2, before=ahead)
    assert after.floor is not None
    assert str(after.floor.position[0]) < late


def test_a_pass_without_rows_moves_no_floor() -> None:
    before = after_a_pass(last_minute=0, clock_minute=0)
    assert after_a_pass(None, clock_minute=60, before=before).floor == before.floor


@pytest.mark.parametrize(("last", "floor"), [(20261123115500, 20261123115500), (20261123115501, 20261123115500)])
def test_stamps_that_are_numbers_are_compared_as_numbers(last: int, floor: int) -> None:
    number = mode(NUMBER)
    began = number.begin(Watermark(), ClockReading(NOON))
    finished = number.finish(Watermark(position=(last, 7), candidate=began.candidate))
    assert finished.floor == Bound((floor,), inclusive=True)
    short = number.finish(Watermark(position=(9, 7), candidate=began.candidate))
    assert short.floor == Bound((9, 7)), "as text, 9 would come after 20261123115500"


@pytest.mark.parametrize(("minute", "again"), [(-5.02, False), (-5, True), (0, True)])
def test_what_is_not_settled_is_read_again_by_the_next_pass(minute: float, again: bool) -> None:
    began = mode().begin(Watermark(), ClockReading(NOON))
    assert mode().comes_again((stamp(minute), 7), began) == again
