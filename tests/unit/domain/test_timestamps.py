"""Times as texts: what is stored sorts as the times do and is read again; what is shown is RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.timestamps import format_utc, parse_rfc3339, parse_utc, rfc3339

FAR_EAST = timezone(timedelta(hours=5, minutes=30))
ZONES = st.sampled_from([UTC, FAR_EAST, timezone(timedelta(hours=-11))])
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""A day from the ends of the calendar, so that every zone can express them."""

TIMES = st.builds(
    lambda since, zone: (FIRST + since).astimezone(zone), st.timedeltas(timedelta(0), LAST - FIRST), ZONES
)


@pytest.mark.parametrize(
    ("value", "stored", "shown"),
    [
        (datetime(2026, 11, 23, 10, 15, tzinfo=UTC), "2026-11-23T10:15:00.000000Z", "2026-11-23T10:15:00Z"),
        (datetime(2026, 11, 23, 10, 15, 0, 5, UTC), "2026-11-23T10:15:00.000005Z", "2026-11-23T10:15:00.000005Z"),
        (datetime(2026, 11, 23, 3, 15, tzinfo=FAR_EAST), "2026-11-22T21:45:00.000000Z", "2026-11-22T21:45:00Z"),
        (datetime(7, 1, 1, tzinfo=UTC), "0007-01-01T00:00:00.000000Z", "0007-01-01T00:00:00Z"),
    ],
    ids=["a whole second", "a microsecond", "another zone", "an early year"],
)
def test_a_time_as_it_is_stored_and_shown(value: datetime, stored: str, shown: str) -> None:
    assert (format_utc(value), rfc3339(value)) == (stored, shown)


@given(TIMES)
def test_what_was_stored_is_read_again(value: datetime) -> None:
    read = parse_utc(format_utc(value))
    assert read == value
    assert read.utcoffset() == timedelta(0)
    assert len(format_utc(value)) == 27


@pytest.mark.parametrize("text", ["2026-11-23T10:15:00+00:00", "2026-11-23T15:45:00+05:30", "2026-11-23T10:15:00Z"])
def test_what_earlier_releases_stored_is_read(text: str) -> None:
    assert parse_utc(text) == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@given(TIMES)
def test_what_is_shown_is_the_same_time(value: datetime) -> None:
    assert datetime.fromisoformat(rfc3339(value)) == value
    assert rfc3339(value).endswith("Z")


@given(TIMES, TIMES)
def test_stored_texts_sort_as_the_times_do(one: datetime, other: datetime) -> None:
    assert (format_utc(one) < format_utc(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-23T10:15:00Z", "2026-11-23T10:15:00+00:00"),
        ("2026-11-23t10:15:00z", "2026-11-23T10:15:00+00:00"),
        ("2026-11-23 10:15:00z", "2026-11-23T10:15:00+00:00"),
        ("2026-11-23T11:15:00+01:00", "2026-11-23T10:15:00+00:00"),
        ("2026-11-23T10:15:00-00:00", "2026-11-23T10:15:00+00:00"),
        ("2026-11-23T10:15:00+23:59", "2026-11-22T10:16:00+00:00"),
        ("2026-11-23T10:15:00.5Z", "2026-11-23T10:15:00.500000+00:00"),
        ("2026-11-23T10:15:00.123456789123Z", "2026-11-23T10:15:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2017-01-01T00:59:60.25+01:00", "2017-01-01T00:00:00.250000+00:00"),
    ],
)
def test_a_time_of_rfc_3339_is_read(text: str, utc: str) -> None:
    assert parse_rfc3339(text).isoformat() == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T10:15:00",
        "2026-11-23T10:15Z",
        "20261123T101500Z",
        "2026-11-23T101500Z",
        "2026-11-23T10+01",
        "2026-11-23T10:15:00+01",
        "2026-11-23T10:15:00+0100",
        "2026-11-23T10:15:00+24:00",
        "2026-11-23T10:15:00+01:60",
        "2026-11-23T10:15:00+23:59:59",
        "2026-11-23T10:15:00.Z",
        "2026-11-23T10:15:00,5Z",
        "2026-11-23_10:15:00Z",
        "2026-11-23T10:15:00ZZ",
        "2026-11-23T10:15:00 Z",
        " 2026-11-23T10:15:00Z",
        "2026-11-23T10:15:00Z\n",
        "2026-W48-1T10:15:00Z",
        "2026-327T10:15:00Z",
        "+2026-11-23T10:15:00Z",
        "2026-02-29T10:15:00Z",
        "2026-13-01T10:15:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-11-23T10:15:61Z",
        "2026-11-23T10:15:60Z",
        "2026-11-23T23:59:60+01:00",
        "٢٠٢٦-11-23T10:15:00Z",
    ],
)
def test_any_other_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


@given(TIMES)
def test_what_is_shown_is_read_again(moment: datetime) -> None:
    assert parse_rfc3339(rfc3339(moment)) == moment
