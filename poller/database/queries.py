"""The SELECT statements of a source, generated for its dialect. Pure: text in, text and parameters out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.mapping.values import Value
from poller.database.dialects import DIALECTS, Dialect
from poller.database.keyset import Bound, Column, beyond
from poller.source.file import field_sources
from poller.source.model import Rows, Source


@dataclass(frozen=True, slots=True)
class Select:
    """Which headers, in which order: the cursor columns, and conditions (SQL and parameters) that narrow them down."""

    columns: tuple[Column, ...]
    conditions: tuple[tuple[str, tuple[Value, ...]], ...] = ()

    def where(self, sql: str, *parameters: Value) -> Select:
        """The same with one more condition."""
        return Select(self.columns, (*self.conditions, (sql, parameters)))


@dataclass(frozen=True, slots=True)
class Queries:
    """Statements of one source. Rows of `page` hold the key, the cursor values, then `header_columns`."""

    source: Source
    cursor_columns: tuple[Column, ...]
    header_columns: tuple[str, ...] = field(init=False)
    line_columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        order, line = field_sources(self.source.order), field_sources(self.source.line)
        header = dict.fromkeys(self.source.orders.key)
        header.update(dict.fromkeys(column for spec in order.values() for column in spec.origin))
        if self.source.lines.count is not None:
            header[self.source.lines.count] = None
        object.__setattr__(self, "header_columns", tuple(header))
        lines = dict.fromkeys(column for spec in line.values() for column in spec.origin)
        object.__setattr__(self, "line_columns", tuple(lines))

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.source.dialect]

    @property
    def key_count(self) -> int:
        return len(self.source.orders.key)

    @property
    def header_offset(self) -> int:
        return self.key_count + len(self.cursor_columns)

    @property
    def keys_per_statement(self) -> int:
        return max(1, self.dialect.max_parameters // self.key_count)

    def key_columns(self) -> tuple[Column, ...]:
        """The key as columns to order and page by."""
        orders = self.source.orders
        names = [(self.dialect.name_of(name), self._key_param(name)) for name in orders.key]
        return tuple(Column(name, name, param) for name, param in names)

    def page(
        self,
        select: Select,
        after: Bound | None,
        limit: int,
        columns: Sequence[str] | None = None,
        descending: bool = False,
    ) -> tuple[str, list[Value]]:
        """Headers beyond `after`, in cursor order. `columns`: only these of the header columns."""
        wanted = self.header_columns if columns is None else columns
        chosen = [column.sql for column in self.key_columns()]
        chosen += [column.select for column in self.cursor_columns]
        chosen += [self.dialect.name_of(name) for name in wanted]
        conditions = list(select.conditions)
        if after is not None:
            sql, values = beyond(select.columns, Bound(tuple(map(self._given, after.position)), after.inclusive))
            conditions.append((sql, tuple(values)))
        head, parameters = self._select(self.source.orders, chosen, conditions)
        ordering = ", ".join(column.sql + (" DESC" if descending else "") for column in select.columns)
        return self.dialect.limited(f"{head} ORDER BY {ordering}", limit), parameters

    def by_keys(self, keys: Sequence[Sequence[Value]], select: Select | None = None) -> tuple[str, list[Value]]:
        """Headers with these keys, of those that `select` allows."""
        chosen = [column.sql for column in self.key_columns()]
        chosen += [column.select for column in self.cursor_columns]
        chosen += [self.dialect.name_of(name) for name in self.header_columns]
        conditions = [self._among(self.source.orders.key, keys), *(select.conditions if select else ())]
        return self._select(self.source.orders, chosen, conditions)

    def lines_of(self, keys: Sequence[Sequence[Value]]) -> tuple[str, list[Value]]:
        """Lines of these orders: the key, then `line_columns`; in the order of `lines.order_by` within an order."""
        lines = self.source.lines
        chosen = [self.dialect.name_of(name) for name in (*lines.key, *self.line_columns)]
        sql, parameters = self._select(lines, chosen, [self._among(lines.key, keys)])
        ordering = ", ".join(self.dialect.name_of(name) for name in (*lines.key, *lines.order_by))
        return f"{sql} ORDER BY {ordering}", parameters

    def _select(
        self, rows: Rows, columns: Sequence[str], conditions: Sequence[tuple[str, Sequence[Value]]]
    ) -> tuple[str, list[Value]]:
        relation = self.dialect.name_of(rows.table) if rows.table is not None else f"({rows.query}) ob"
        parts = [f"({rows.where})"] if rows.where else []
        parts += [f"({sql})" for sql, _ in conditions]
        where = f" WHERE {' AND '.join(parts)}" if parts else ""
        parameters = [value for _, values in conditions for value in values]
        # Own names for what is selected: ORDER BY would otherwise mean the selected text of a stamp, not the stamp.
        chosen = ", ".join(f"{column} AS ob_{number}" for number, column in enumerate(columns))
        return f"SELECT {chosen} FROM {relation}{where}", parameters

    def _among(self, names: Sequence[str], keys: Sequence[Sequence[Value]]) -> tuple[str, tuple[Value, ...]]:
        columns = [self.dialect.name_of(name) for name in names]
        params = [self._key_param(name) for name in self.source.orders.key]
        values = tuple(self._given(value) for key in keys for value in key)
        if len(columns) == 1:
            return f"{columns[0]} IN ({', '.join(params * len(keys))})", values
        one = " AND ".join(f"{column} = {param}" for column, param in zip(columns, params, strict=True))
        return " OR ".join([f"({one})"] * len(keys)), values

    def _key_param(self, name: str) -> str:
        kind = self.source.orders.key_types.get(name)
        return "?" if kind is None else f"CAST(? AS {kind})"

    def _given(self, value: Value) -> Value:
        """PostgreSQL compares CHAR with a text parameter as text without its padding."""
        return value.rstrip() if self.dialect.strip_keys and isinstance(value, str) else value
