"""Reads orders, header and lines together, from an ERP: pages in cursor order, or single orders by their key.

One page is one short transaction, so that its lines belong to its headers. Only the columns that the source file uses
are selected, by name; a missing one is the database's own error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from chalicelib.mapping.values import Value
from poller.database.connection import ErpConnection, QueryResult, Row
from poller.database.keyset import Bound, Position
from poller.database.queries import Queries, Select
from poller.errors import Fault, UnreadableValue

Key = tuple[Value, ...]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class RawOrder:
    """An order as the database holds it. `header` and `lines` follow `Queries.header_columns` and `line_columns`.

    `position` are its cursor values. `fault` is set if the driver could not read it: then header or lines are empty.
    """

    key: Key
    position: Position
    header: Row
    lines: tuple[Row, ...]
    fault: Fault | None = None

    def row_hash(self) -> bytes:
        """16 bytes; equal for equal content in any process."""
        return blake2b(repr((self.header, self.lines)).encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def header_hash(self) -> bytes:
        """16 bytes over the header alone."""
        return blake2b(repr(self.header).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class HeaderPage:
    """Headers without their lines yet. `complete`: there was nothing beyond this page when it was read."""

    orders: tuple[RawOrder, ...]
    complete: bool

    @property
    def last(self) -> Position | None:
        return self.orders[-1].position if self.orders else None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one source over one connection. `types` (name -> type) of the columns are known after the first page."""

    connection: ErpConnection
    queries: Queries
    types: dict[str, str]

    def headers(self, select: Select, after: Bound | None, limit: int) -> HeaderPage:
        """At most `limit` headers beyond `after`; a header that the driver cannot read comes with a fault.

        Raises SchemaChanged, Misconfigured, DependencyUnavailable, DependencyTimeout.
        """
        try:
            return self._headers(select, after, limit)
        except UnreadableValue:
            self.connection.end()
            if limit > 1:
                return self._smaller(select, after, limit)
            return self._unreadable(select, after)

    def with_lines(self, orders: Sequence[RawOrder]) -> list[RawOrder]:
        """The same orders with their lines. Raises as headers()."""
        keys = [group_key(order.key) for order in orders]
        lines: dict[Key, list[Row]] = {key: [] for key in keys}
        faults: dict[Key, Fault] = {}
        readable = [order for order in orders if order.fault is None]
        for chunk in chunks(readable, self.queries.keys_per_statement):
            self._lines(chunk, lines, faults)
        return [
            RawOrder(order.key, order.position, order.header, tuple(lines[key]), order.fault or faults.get(key))
            for order, key in zip(orders, keys, strict=True)
        ]

    def last(self, select: Select) -> Position | None:
        """The cursor values of the last row; None for an empty table. Raises as headers()."""
        sql, parameters = self.queries.page(select, None, 1, columns=(), descending=True)
        rows = self.connection.query(sql, parameters).rows
        return tuple(rows[0][self.queries.key_count :]) if rows else None

    def by_keys(self, keys: Sequence[Key], select: Select | None = None) -> list[RawOrder]:
        """Orders by key, with their lines, in no order. Raises as headers().

        Left out are those that are gone, or that `select` does not allow.
        """
        found: list[RawOrder] = []
        for chunk in chunks(keys, self.queries.keys_per_statement):
            sql, parameters = self.queries.by_keys(chunk, select)
            try:
                rows = self.connection.query(sql, parameters).rows
            except UnreadableValue:
                self.connection.end()
                if len(chunk) == 1:
                    fault = Fault("order", "", "holds a value that the database driver cannot read")
                    found.append(RawOrder(tuple(chunk[0]), (), (), (), fault))
                else:
                    found.extend(order for key in chunk for order in self.by_keys([key], select))
                continue
            found.extend(self._order(row) for row in rows)
        return self.with_lines(found)

    def end(self) -> None:
        """The page is read: close its snapshot."""
        self.connection.end()

    def _headers(self, select: Select, after: Bound | None, limit: int) -> HeaderPage:
        sql, parameters = self.queries.page(select, after, limit)
        result = self.connection.query(sql, parameters)
        self._learn(result)
        return HeaderPage(tuple(self._order(row) for row in result.rows), len(result.rows) < limit)

    def _learn(self, result: QueryResult) -> None:
        if not self.types:
            names = self.queries.header_columns
            offset = self.queries.header_offset
            self.types.update(zip(names, (kind for _, kind in result.columns[offset:]), strict=False))

    def _order(self, row: Row) -> RawOrder:
        keys, start = self.queries.key_count, self.queries.header_offset
        return RawOrder(tuple(row[:keys]), tuple(row[keys:start]), tuple(row[start:]), ())

    def _smaller(self, select: Select, after: Bound | None, limit: int) -> HeaderPage:
        """Close in on the row that cannot be read, so that only that one is set apart."""
        page = self.headers(select, after, max(1, limit // 2))
        return HeaderPage(page.orders, page.complete and len(page.orders) < max(1, limit // 2))

    def _unreadable(self, select: Select, after: Bound | None) -> HeaderPage:
        sql, parameters = self.queries.page(select, after, 1, columns=())
        rows = self.connection.query(sql, parameters).rows
        if not rows:
            return HeaderPage((), True)
        keys = self.queries.key_count
        key, position = tuple(rows[0][:keys]), tuple(rows[0][keys:])
        fault = Fault("order", self._culprit(select, after), "holds a value that the database driver cannot read")
        return HeaderPage((RawOrder(key, position, (), (), fault),), False)

    def _culprit(self, select: Select, after: Bound | None) -> str:
        for column in self.queries.header_columns:
            sql, parameters = self.queries.page(select, after, 1, columns=(column,))
            try:
                self.connection.query(sql, parameters)
            except UnreadableValue:
                self.connection.end()
                return column
        return ""

    def _lines(self, orders: Sequence[RawOrder], lines: dict[Key, list[Row]], faults: dict[Key, Fault]) -> None:
        sql, parameters = self.queries.lines_of([order.key for order in orders])
        count = self.queries.key_count
        try:
            for row in self.connection.query(sql, parameters).rows:
                found = lines.get(group_key(row[:count]))
                if found is not None:
                    found.append(tuple(row[count:]))
        except UnreadableValue:
            if len(orders) > 1:
                for order in orders:
                    self._lines([order], lines, faults)
            else:
                reason = "hold a value that the database driver cannot read"
                faults[group_key(orders[0].key)] = Fault("lines", "", reason)


def group_key(key: Sequence[Value]) -> Key:
    """CHAR padding differs between tables; equal keys must still meet."""
    if len(key) == 1:
        (value,) = key
        return (value.rstrip(),) if isinstance(value, str) else (value,)
    return tuple(value.rstrip() if isinstance(value, str) else value for value in key)


def chunks(items: Sequence[Item], size: int) -> Iterable[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
