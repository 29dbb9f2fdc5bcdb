"""Compares the read model with what the events say: the core of replay, over the two ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import islice
from typing import TypeVar

from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.state import fold
from chalicelib.ports import EventStore, OrderRow, Projection

BATCH = 500
"""Orders that are in memory at once."""

PARALLEL = 8
"""Orders that are read at once."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One field of one order's row; `field` is "row" if the row is missing, surplus or unreadable, or "events"."""

    order_id: str
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.order_id}  {self.field}: expected {self.expected}, found {self.found}"


def compare(events: EventStore, projection: Projection) -> list[RowDifference]:
    """Every difference at this moment, among them those that the stream is about to fix."""
    return [difference for _, found in Comparison(events, projection).look() for difference in found]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The events, which are the truth, and the read model."""

    events: EventStore
    projection: Projection
    parallel: int = PARALLEL

    def look(self) -> Iterator[tuple[str, list[RowDifference]]]:
        """The differences of every order that has events, then of every row that has none."""
        known: set[str] = set()
        for order_id, found in self._each(self._look, self.events.order_ids()):
            known.add(order_id)
            yield order_id, found
        yield from self._each(self._look, (one for one in self.projection.order_ids() if one not in known))

    def differences(self, order_ids: Iterable[str]) -> list[RowDifference]:
        return [difference for found in self._each(self._differences, order_ids) for difference in found]

    def repair(self, order_ids: Iterable[str]) -> None:
        """Make the rows of these orders what their events say. An order with unreadable events is left alone."""
        for _ in self._each(self._repair, order_ids):
            pass

    def _look(self, order_id: str) -> tuple[str, list[RowDifference]]:
        return order_id, self._differences(order_id)

    def _differences(self, order_id: str) -> list[RowDifference]:
        try:
            expected = self._expected(order_id)
        except CorruptHistory as error:
            return [RowDifference(order_id, "events", "a history that can be folded", str(error))]
        try:
            found = self.projection.get(order_id)
        except CorruptHistory:
            return [RowDifference(order_id, "row", _brief(expected), "a row that cannot be read")]
        if expected is None or found is None:
            return [] if expected is found else [RowDifference(order_id, "row", _brief(expected), _brief(found))]
        pairs = ((field.name, getattr(expected, field.name), getattr(found, field.name)) for field in fields(OrderRow))
        return [RowDifference(order_id, name, str(right), str(wrong)) for name, right, wrong in pairs if right != wrong]

    def _expected(self, order_id: str) -> OrderRow | None:
        recorded = self.events.load(order_id)
        return OrderRow.of(fold(recorded)) if recorded else None

    def _repair(self, order_id: str) -> None:
        try:
            expected = self._expected(order_id)
        except CorruptHistory:
            return
        if expected is None:
            self.projection.remove(order_id)
        elif not self.projection.put(expected):
            self._replace(order_id)

    def _replace(self, order_id: str) -> None:
        """The row claims to be newer than the events were; unless it is (one has arrived meanwhile), it is wrong."""
        expected = self._expected(order_id)
        try:
            found = self.projection.get(order_id)
        except CorruptHistory:
            found = None
        if expected is not None and (found is None or found.version > expected.version):
            self.projection.remove(order_id)
            self.projection.put(expected)

    def _each(self, work: Callable[[str], Result], order_ids: Iterable[str]) -> Iterator[Result]:
        """In parallel, but never more than a batch ahead."""
        ids = iter(order_ids)
        with ThreadPoolExecutor(self.parallel) as pool:
            while batch := list(islice(ids, BATCH)):
                yield from pool.map(work, batch)


def _brief(row: OrderRow | None) -> str:
    return f"{row.status} of version {row.version}" if row else "no row"
