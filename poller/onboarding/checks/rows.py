"""[orders] and [lines]: tables, columns and keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from chalicelib.domain.errors import PermanentError
from poller.database.dialects import DIALECTS
from poller.errors import SchemaChanged
from poller.onboarding.checks.subject import CheckResult, Level, SourceUnderTest
from poller.source.file import field_sources
from poller.source.model import Rows


def check_columns(subject: SourceUnderTest) -> Iterator[CheckResult]:
    """Every column that the source file names."""
    source = subject.source
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
            result = subject.connection.query(f"SELECT * FROM {subject.relation(rows)} WHERE 1 = 0")
        except (SchemaChanged, PermanentError) as error:
            yield CheckResult(Level.PROBLEM, name, str(error), _similar_tables(subject, rows))
            continue
        finally:
            subject.connection.end()
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


def _similar_tables(subject: SourceUnderTest, rows: Rows) -> str:
    if rows.table is None:
        return "run the query by hand"
    near = get_close_matches(rows.table, subject.catalogue.table_names(), n=3, cutoff=0.4)
    return f"did you mean {', '.join(near)}?" if near else "does the account have the right to read it?"


def check_keys(subject: SourceUnderTest) -> Iterator[CheckResult]:
    source = subject.source
    orders, lines = subject.described(source.orders), subject.described(source.lines)
    key = tuple(name.lower() for name in source.orders.key)
    if orders is None or tuple(name.lower() for name in orders.primary_key) != key:
        columns = ", ".join(DIALECTS[source.dialect].name_of(name) for name in source.orders.key)
        where = f" WHERE {source.orders.where}" if source.orders.where else ""
        grouped = f"SELECT {columns} FROM {subject.relation(source.orders)}{where} GROUP BY {columns}"
        doubles = int(str(subject.single(f"SELECT COUNT(*) FROM ({grouped} HAVING COUNT(*) > 1) doubles")))
        if doubles:
            fix = "name all columns that identify an order, or fix a query whose join multiplies rows"
            yield CheckResult(Level.PROBLEM, "orders.key", f"{doubles} keys stand in several rows", fix)
    for name in source.orders.key:
        condition = f"{DIALECTS[source.dialect].name_of(name)} IS NULL"
        nulls = int(str(subject.single(f"SELECT COUNT(*) FROM {subject.relation(source.orders)} WHERE {condition}")))
        if nulls:
            fix = f"fill {name}, or take a key that every order has"
            yield CheckResult(Level.PROBLEM, "orders.key", f"{nulls} rows have no {name} and are never read", fix)
    if lines is not None and not lines.starts_an_index(source.lines.key[0]):
        text = f"no index of {lines.name} begins with {source.lines.key[0]}: every page reads the whole table"
        yield CheckResult(
            Level.WARNING, "lines.key", text, f"CREATE INDEX ON {lines.name} ({', '.join(source.lines.key)})"
        )
