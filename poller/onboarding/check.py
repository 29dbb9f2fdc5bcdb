"""Looks at a source before it is trusted: its connection, tables, cursor, times, sample orders and write-back.

Every remark says what is wrong and what to do; nothing is written (write-back statements run for an order number that
cannot exist, and are rolled back).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import OrderbridgeError, PermanentError
from chalicelib.mapping.values import Value
from poller.database.catalogue import Catalogue, TableInfo
from poller.database.clock import DatabaseClock
from poller.database.connection import ErpConnection
from poller.database.dialects import DIALECTS
from poller.database.keyset import Bound
from poller.database.queries import Queries, Select
from poller.errors import BadRow, SchemaChanged, UnreadableValue
from poller.polling.cursors import cursor_columns
from poller.reading.convert import content_of
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder, Reader
from poller.source.file import field_sources
from poller.source.model import Rows, Source
from poller.source.statements import compile_statement

SAMPLE = 50
UNKNOWN_ORDER = "orderbridge-check-no-such-order"
CLOCK_TOLERANCE = timedelta(minutes=2)

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


class Level(StrEnum):
    """PROBLEM: must be fixed first. WARNING: works, but. FINE: was looked at."""

    PROBLEM = "PROBLEM"
    WARNING = "WARNING"
    FINE = "ok"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`where` is a key path of the source file, `fix` what to do (empty if nothing is to be done)."""

    level: Level
    where: str
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class SourceUnderTest:
    """The source and what is needed to examine it. `writable` connects for the write-back statements."""

    source: Source
    connection: ErpConnection
    catalogue: Catalogue
    now: datetime
    writable: Callable[[], ErpConnection]

    @property
    def queries(self) -> Queries:
        return Queries(self.source, cursor_columns(self.source))

    def relation(self, rows: Rows) -> str:
        return DIALECTS[self.source.dialect].name_of(rows.table) if rows.table else f"({rows.query}) ob"

    def single(self, select: str) -> object:
        """One value. Raises as ErpConnection.query()."""
        value = self.connection.query(select).rows[0][0]
        self.connection.end()
        return value


def check(patient: SourceUnderTest) -> Iterator[CheckResult]:
    """All remarks, in the order of the source file. A connection that fails is the caller's to report."""
    yield from _clock(patient)
    missing = list(_columns(patient))
    yield from missing
    if any(remark.level is Level.PROBLEM for remark in missing):
        return
    yield from _keys(patient)
    yield from _cursor(patient)
    yield from _sample(patient)
    yield from _write_back(patient)


def _clock(patient: SourceUnderTest) -> Iterator[CheckResult]:
    ticker = DatabaseClock(patient.connection, patient.source, patient.now)
    tick = ticker()
    apart = abs(tick.at - patient.now)
    yield CheckResult(Level.FINE, "connection", f"connected; the database's clock says {tick.at:%Y-%m-%d %H:%M:%S} UTC")
    if apart > CLOCK_TOLERANCE:
        text = f"the database's clock differs from ours by {apart.total_seconds():.0f} s"
        fix = "harmless, for the poller goes by the database's clock; fix its time service"
        yield CheckResult(Level.WARNING, "connection", text, fix)
    if DIALECTS[patient.source.dialect].horizon_sql and not ticker.sees_transactions:
        text = "the account may not see the database's open transactions"
        fix = "grant PROCESS (MariaDB), or make sure that cursor.overlap_s is longer than any transaction"
        yield CheckResult(Level.WARNING, "cursor.overlap_s", text, fix)


def _columns(patient: SourceUnderTest) -> Iterator[CheckResult]:
    """Every column that the source file names."""
    source = patient.source
    header = {f"order.{field}": spec.origin for field, spec in field_sources(source.order).items()}
    header["orders.key"] = source.orders.key
    if source.lines.count is not None:
        header["lines.count"] = (source.lines.count,)
    if source.cursor.column is not None:
        header["cursor.column"] = (source.cursor.column,)
    lines = {f"line.{field}": spec.origin for field, spec in field_sources(source.line).items()}
    lines |= {"lines.key": source.lines.key, "lines.order_by": source.lines.order_by}
    for name, rows, used in (("orders", source.orders, header), ("lines", source.lines, lines)):
        try:
            result = patient.connection.query(f"SELECT * FROM {patient.relation(rows)} WHERE 1 = 0")
        except (SchemaChanged, PermanentError) as error:
            yield CheckResult(Level.PROBLEM, name, str(error), _similar_tables(patient, rows))
            continue
        finally:
            patient.connection.end()
        present = [column for column, _ in result.columns]
        yield CheckResult(Level.FINE, name, f"{rows.table or 'the query'} has {len(present)} columns")
        yield from _absent(present, used)


def _absent(present: Sequence[str], used: dict[str, tuple[str, ...]]) -> Iterator[CheckResult]:
    known = {column.lower(): column for column in present}
    for where, names in used.items():
        for name in names:
            if name.strip('"`[]').lower() not in known:
                near = [known[match] for match in get_close_matches(name.lower(), known, n=3, cutoff=0.5)]
                fix = f"did you mean {', '.join(near)}?" if near else f"there are: {', '.join(present[:40])}"
                yield CheckResult(Level.PROBLEM, where, f"there is no column {name}", fix)


def _similar_tables(patient: SourceUnderTest, rows: Rows) -> str:
    if rows.table is None:
        return "run the query by hand"
    near = get_close_matches(rows.table, patient.catalogue.table_names(), n=3, cutoff=0.4)
    return f"did you mean {', '.join(near)}?" if near else "does the account have the right to read it?"


def _keys(patient: SourceUnderTest) -> Iterator[CheckResult]:
    source = patient.source
    orders, lines = _info(patient, source.orders), _info(patient, source.lines)
    key = tuple(name.lower() for name in source.orders.key)
    if orders is None or tuple(name.lower() for name in orders.primary_key) != key:
        columns = ", ".join(DIALECTS[source.dialect].name_of(name) for name in source.orders.key)
        where = f" WHERE {source.orders.where}" if source.orders.where else ""
        grouped = f"SELECT {columns} FROM {patient.relation(source.orders)}{where} GROUP BY {columns}"
        doubles = int(str(patient.single(f"SELECT COUNT(*) FROM ({grouped} HAVING COUNT(*) > 1) doubles")))
        if doubles:
            fix = "name all columns that identify an order, or fix a query whose join multiplies rows"
            yield CheckResult(Level.PROBLEM, "orders.key", f"{doubles} keys stand in several rows", fix)
    for name in source.orders.key:
        condition = f"{DIALECTS[source.dialect].name_of(name)} IS NULL"
        nulls = int(str(patient.single(f"SELECT COUNT(*) FROM {patient.relation(source.orders)} WHERE {condition}")))
        if nulls:
            fix = f"fill {name}, or take a key that every order has"
            yield CheckResult(Level.PROBLEM, "orders.key", f"{nulls} rows have no {name} and are never read", fix)
    if lines is not None and not lines.starts_an_index(source.lines.key[0]):
        text = f"no index of {lines.name} begins with {source.lines.key[0]}: every page reads the whole table"
        yield CheckResult(
            Level.WARNING, "lines.key", text, f"CREATE INDEX ON {lines.name} ({', '.join(source.lines.key)})"
        )


def _cursor(patient: SourceUnderTest) -> Iterator[CheckResult]:
    source = patient.source
    cursor = source.cursor
    states = ", ".join(map(str, cursor.states))
    promise = CONDITIONS[cursor.mode].format(column=cursor.column, states=states)
    yield CheckResult(Level.FINE, "cursor.mode", f"{cursor.mode} {promise}")
    if cursor.column is None or cursor.mode == "snapshot":
        return
    table = _info(patient, source.orders)
    if table is not None and not table.starts_an_index(cursor.column):
        text = f"no index of {table.name} begins with {cursor.column}: every poll reads the whole table"
        columns = ", ".join(dict.fromkeys((cursor.column, *source.orders.key)))
        yield CheckResult(Level.WARNING, "cursor.column", text, f"CREATE INDEX ON {table.name} ({columns})")
    name = DIALECTS[source.dialect].name_of(cursor.column)
    nulls = int(str(patient.single(f"SELECT COUNT(*) FROM {patient.relation(source.orders)} WHERE {name} IS NULL")))
    if nulls and cursor.nulls == "ignore":
        text = f"{nulls} rows have no {cursor.column} and are never read"
        yield CheckResult(Level.WARNING, "cursor.nulls", text, 'nulls = "read" reads them in every poll')
    elif nulls:
        text = f"{nulls} rows have no {cursor.column}; they are read in every poll"
        yield CheckResult(Level.WARNING, "cursor.nulls", text, "let the ERP fill the column, if there are many")
    if cursor.mode == "timestamp+id":
        yield from _stamps(patient, table, name)


def _stamps(patient: SourceUnderTest, table: TableInfo | None, name: str) -> Iterator[CheckResult]:
    """Stamps of the future betray a wrong time zone; a type that disagrees with the column's, a wrong `type`."""
    cursor = patient.source.cursor
    column = table.column(cursor.column or "") if table is not None else None
    zoned = column is not None and ("tz" in column.type or "with time zone" in column.type or "offset" in column.type)
    if column is not None and zoned != (cursor.type == "timestamptz") and cursor.type in ("timestamp", "timestamptz"):
        right = "timestamptz" if zoned else "timestamp"
        yield CheckResult(Level.PROBLEM, "cursor.type", f"{column.name} is {column.type}", f'write type = "{right}"')
    newest = patient.single(f"SELECT MAX({name}) FROM {patient.relation(patient.source.orders)}")
    moment = _moment(patient, newest)
    if newest is not None and moment is None:
        fix = "write cursor.format as the column is written; a transform does not apply to the cursor"
        yield CheckResult(Level.PROBLEM, "cursor.format", f"the newest {cursor.column} does not fit the format", fix)
    elif moment is not None and moment > patient.now + CLOCK_TOLERANCE:
        ahead = (moment - patient.now).total_seconds() / 60
        fix = f'is timezone = "{patient.source.timezone}" right? For stamps in UTC write cursor.zone = "utc"'
        yield CheckResult(
            Level.PROBLEM, "timezone", f"the newest {cursor.column} lies {ahead:.0f} minutes in the future", fix
        )
    elif moment is not None:
        age = (patient.now - moment).total_seconds()
        text = f"the newest {cursor.column} is {age:.0f} s old, read as {patient.source.timezone}"
        yield CheckResult(Level.FINE, "timezone", text)


def _moment(patient: SourceUnderTest, stamp: object) -> datetime | None:
    """A stamp as the cursor understands it, in UTC; None if it does not."""
    cursor = patient.source.cursor
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
    return naive.replace(tzinfo=UTC if in_utc else ZoneInfo(patient.source.timezone)).astimezone(UTC)


def _sample(patient: SourceUnderTest) -> Iterator[CheckResult]:
    """The first orders and the latest ones, mapped as a poll would."""
    queries = patient.queries
    mapper = Mapper(patient.source, queries)
    orders = sample(patient)
    if not orders:
        text = "there are no orders"
        yield CheckResult(Level.WARNING, "orders", text, "is orders.where right? Does the account see the rows?")
        return
    faults: Counter[tuple[str, str, str]] = Counter()
    good = []
    for raw in orders:
        try:
            good.append(content_of(mapper, raw))
        except BadRow as bad:
            faults.update({(fault.field.partition("[")[0], fault.column, fault.reason) for fault in bad.faults})
    for (field, column, reason), count in faults.most_common(20):
        level = Level.PROBLEM if count > len(orders) // 2 else Level.WARNING
        text = f"{count} of {len(orders)} sample orders: {column or 'the row'} {reason}"
        fix = "a transform, a code or a default may be missing; as it is, they will be quarantined"
        yield CheckResult(level, f"order.{field}", text, fix)
    for content in good[:3]:
        text = (
            f"order {content.external_id} of {content.ordered_at:%Y-%m-%d %H:%M:%S} UTC: {len(content.lines)} lines, "
            f"{content.total}, customer {content.customer_id}, {content.payment.method}, to {content.ship_to.country}"
        )
        yield CheckResult(Level.FINE, "sample", text)
    wrong = [content for content in good if content.total not in content.possible_totals()]
    if wrong:
        text = f"{len(wrong)} of {len(good)} sample orders: the lines do not add up to the total"
        fix = "is the price net, the tax a fraction, the total gross? They would be rejected as total_mismatch"
        yield CheckResult(Level.PROBLEM if len(wrong) > len(good) // 2 else Level.WARNING, "order.total", text, fix)


def sample(patient: SourceUnderTest, size: int = SAMPLE) -> list[RawOrder]:
    """Up to `size` orders from the beginning and, where the cursor is a time, as many of the last days."""
    queries = patient.queries
    reader = Reader(patient.connection, queries, {})
    select = Select(queries.key_columns())
    found = list(reader.headers(select, None, size).orders)
    cursor = patient.source.cursor
    if cursor.mode == "timestamp+id":
        last = reader.last(Select(queries.cursor_columns))
        if last is not None:
            found += reader.headers(Select(queries.cursor_columns), Bound(last[:1], inclusive=True), size).orders
    unique = list({order.key: order for order in found}.values())
    try:
        return reader.with_lines(unique)
    finally:
        reader.end()


def _write_back(patient: SourceUnderTest) -> Iterator[CheckResult]:
    """Run each statement for an order that does not exist, in a transaction that is rolled back."""
    outcomes = patient.source.write_back.by_outcome
    if not outcomes:
        yield CheckResult(
            Level.WARNING, "write_back", "the ERP will not be told anything", "add statements if it should be"
        )
        return
    silent = sorted({"confirmed", "rejected"} - set(outcomes))
    if silent:
        text = f"there is no statement for {', '.join(silent)}"
        yield CheckResult(Level.WARNING, "write_back", text, "the ERP's people would have to look elsewhere")
    connection = patient.writable()
    try:
        for outcome, statements in outcomes.items():
            yield _tried(patient.source, connection, outcome, statements)
    finally:
        connection.close()


def _tried(source: Source, connection: ErpConnection, outcome: str, statements: Sequence[str]) -> CheckResult:
    where = f"write_back.{outcome}"
    texts = ("reason_code", "reason", "confirmation_number", "order_id", "status", "external_id")
    values: dict[str, Value] = {**dict.fromkeys(texts, UNKNOWN_ORDER), "occurred_at": "2026-01-01 00:00:00"}
    if source.write_back.key_pattern is not None:
        values.update(dict.fromkeys(re.compile(source.write_back.key_pattern).groupindex, UNKNOWN_ORDER))
    try:
        changed = 0
        for sql in statements:
            statement = compile_statement(sql)
            changed += max(0, connection.execute(statement.sql, statement.bind(values)))
    except (OrderbridgeError, UnreadableValue) as error:
        return CheckResult(
            Level.PROBLEM, where, str(error), "fix the statement, or grant the account the right to change"
        )
    finally:
        connection.end()
    if changed:
        text = f"changes {changed} rows for an order that does not exist (undone)"
        return CheckResult(Level.PROBLEM, where, text, "it needs a WHERE with :external_id")
    return CheckResult(Level.FINE, where, "runs, and changes nothing for an unknown order")


def _info(patient: SourceUnderTest, rows: Rows) -> TableInfo | None:
    return patient.catalogue.table(rows.table) if rows.table is not None else None
