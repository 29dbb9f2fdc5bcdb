"""[cursor]: what its mode promises, its index, its empty values, its times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from poller.database.catalogue import TableInfo
from poller.database.dialects import DIALECTS
from poller.onboarding.checks.subject import CLOCK_TOLERANCE, CheckResult, Level, SourceUnderTest

CONDITIONS = {
    "timestamp+id": "sees a row that becomes visible within cursor.overlap_s of its stamp (on PostgreSQL and MariaDB, "
    "of any transaction up to hold_s); does not see a change that leaves {column} as it was, nor a deleted row",
    "id": "sees a row whose transaction ends within cursor.overlap_s of taking its number (on PostgreSQL and MariaDB, "
    "up to hold_s); does not see later changes of a row, nor a deleted row",
    "rowversion": "sees every insert and every update, whatever the clocks; does not see a deleted row",
    "status-flag": "sees every row while it is in one of the states {states}, not one that leaves them before the poll",
    "snapshot": "sees every row that exists when the table is read; reads the whole table each time",
}
"""What a mode promises, and what it cannot see."""


def check_cursor(subject: SourceUnderTest) -> Iterator[CheckResult]:
    source = subject.source
    cursor = source.cursor
    states = ", ".join(map(str, cursor.states))
    promise = CONDITIONS[cursor.mode].format(column=cursor.column, states=states)
    yield CheckResult(Level.FINE, "cursor.mode", f"{cursor.mode} {promise}")
    if cursor.column is None or cursor.mode == "snapshot":
        return
    table = subject.described(source.orders)
    if table is not None and not table.starts_an_index(cursor.column):
        text = f"no index of {table.name} begins with {cursor.column}: every poll reads the whole table"
        columns = ", ".join(dict.fromkeys((cursor.column, *source.orders.key)))
        yield CheckResult(Level.WARNING, "cursor.column", text, f"CREATE INDEX ON {table.name} ({columns})")
    name = DIALECTS[source.dialect].name_of(cursor.column)
    nulls = int(str(subject.single(f"SELECT COUNT(*) FROM {subject.relation(source.orders)} WHERE {name} IS NULL")))
    if nulls and cursor.nulls == "ignore":
        text = f"{nulls} rows have no {cursor.column} and are never read"
        yield CheckResult(Level.WARNING, "cursor.nulls", text, 'nulls = "read" reads them in every poll')
    elif nulls:
        text = f"{nulls} rows have no {cursor.column}; they are read in every poll"
        yield CheckResult(Level.WARNING, "cursor.nulls", text, "let the ERP fill the column, if there are many")
    if cursor.mode == "timestamp+id":
        yield from _stamps(subject, table, name)


def _stamps(subject: SourceUnderTest, table: TableInfo | None, name: str) -> Iterator[CheckResult]:
    """Stamps of the future betray a wrong time zone; a type that disagrees with the column's, a wrong `type`."""
    cursor = subject.source.cursor
    column = table.column(cursor.column or "") if table is not None else None
    zoned = column is not None and ("tz" in column.type or "with time zone" in column.type or "offset" in column.type)
    if column is not None and zoned != (cursor.type == "timestamptz") and cursor.type in ("timestamp", "timestamptz"):
        right = "timestamptz" if zoned else "timestamp"
        yield CheckResult(Level.PROBLEM, "cursor.type", f"{column.name} is {column.type}", f'write type = "{right}"')
    newest = subject.single(f"SELECT MAX({name}) FROM {subject.relation(subject.source.orders)}")
    moment = _moment(subject, newest)
    if newest is not None and moment is None:
        fix = "write cursor.format as the column is written; a transform does not apply to the cursor"
        yield CheckResult(Level.PROBLEM, "cursor.format", f"the newest {cursor.column} does not fit the format", fix)
    elif moment is not None and moment > subject.now + CLOCK_TOLERANCE:
        ahead = (moment - subject.now).total_seconds() / 60
        fix = f'is timezone = "{subject.source.timezone}" right? For stamps in UTC write cursor.zone = "utc"'
        yield CheckResult(
            Level.PROBLEM, "timezone", f"the newest {cursor.column} lies {ahead:.0f} minutes in the future", fix
        )
    elif moment is not None:
        age = (subject.now - moment).total_seconds()
        text = f"the newest {cursor.column} is {age:.0f} s old, read as {subject.source.timezone}"
        yield CheckResult(Level.FINE, "timezone", text)


def _moment(subject: SourceUnderTest, stamp: object) -> datetime | None:
    """A stamp as the cursor understands it, in UTC; None if it does not."""
    cursor = subject.source.cursor
    try:
        if cursor.format is not None:
            naive = datetime.strptime(str(stamp), cursor.format)  # noqa: DTZ007 -- localized below
        else:
            naive = stamp if isinstance(stamp, datetime) else datetime.fromisoformat(str(stamp))
    except ValueError:
        return None
    if naive.tzinfo is not None:
        return naive.astimezone(UTC)
    in_utc = cursor.zone == "utc" or cursor.type == "timestamptz"
    return naive.replace(tzinfo=UTC if in_utc else ZoneInfo(subject.source.timezone)).astimezone(UTC)
