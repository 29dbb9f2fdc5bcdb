"""An order of a CSV file is handed over exactly as it was meant, or not at all, and the report names its lines."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.files.damaged import Damaged, damaged, proven_by_rows, proven_by_totals


@given(st.integers(0, 2**64))
def test_rows_that_were_damaged_make_no_order_wrong(seed: int) -> None:
    ensure_right(damaged(*proven_by_rows(Random(seed))))


@given(st.integers(0, 2**64))
def test_with_the_totals_of_the_orders_no_row_can_be_lost_or_doubled(seed: int) -> None:
    found = damaged(*proven_by_totals(Random(seed)))
    assert not found.wrong(), found


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_sixty_thousand_damaged_files(part: int) -> None:
    for seed in range(part * 3_000, (part + 1) * 3_000):
        ensure_right(damaged(*proven_by_rows(Random(seed))))
        found = damaged(*proven_by_totals(Random(seed)))
        assert not found.wrong(), found


def ensure_right(found: Damaged) -> None:
    assert not found.wrong(), found
    assert not found.unnamed(), found
    assert found.outcome.refused or found.outcome.tally.lines == found.lines, found
