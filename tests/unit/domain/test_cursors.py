"""Cursors: opaque, ours or refused; bounds hold whatever lies between two pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.cursors import bounds, decode_cursor, encode_cursor, position_of

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def test_a_cursor_comes_back() -> None:
    place = position_of(NOW, "o-1")
    assert decode_cursor(encode_cursor(place)) == place == "2026-11-23T10:15:00.000000Z#o-1"
    assert decode_cursor("") == ""
    assert encode_cursor(place).isascii()


@pytest.mark.parametrize("cursor", ["x", "MTIwMjYtMTEtMjM", "\x00", "é", "A" * 3000, encode_cursor("2026-13-45#o-1")])
def test_what_we_did_not_make_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match=r"not one of ours"):
        decode_cursor(cursor)


def test_bounds_hold_the_period_and_what_comes_after_the_cursor() -> None:
    later = NOW + timedelta(seconds=1)
    low, high = bounds(NOW, later, "")
    assert low < position_of(NOW, "o-1") < high
    assert not low < position_of(later, "o-1") < high
    assert bounds(None, None, position_of(NOW, "o-5"))[1] == position_of(NOW, "o-5")
    assert bounds(None, None, "")[0] < position_of(datetime(1970, 1, 1, tzinfo=UTC), "o-1")
