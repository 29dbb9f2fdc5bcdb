"""The trailer of a file: its last row, which says what is above it. It tells a file from a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv.rows import Row
from chalicelib.batches.parsing.csv_mapping import Trailer
from chalicelib.batches.parsing.records import Counted
from chalicelib.mapping.transforms import compile_transform
from chalicelib.mapping.values import BadValue, Value, to_decimal


class TrailerRow:
    """Knows the trailer when it comes, and holds the file to it."""

    def __init__(self, trailer: Trailer) -> None:
        self._trailer = trailer
        self._transforms = [compile_transform(name) for name in trailer.transforms]

    @property
    def has_total(self) -> bool:
        return self._trailer.total is not None

    def is_this(self, row: Row) -> bool:
        return bool(row.cells) and row.cells[0].strip() == self._trailer.begins

    def ensure(self, row: Row, orders: int, counted: Counted) -> None:
        """Raises BrokenFile, with both numbers, if the file above is not what the trailer says."""
        where = f"the trailer in line {row.line}"
        wrong = [
            f"{told} {name}, there are {found}"
            for name, place, found in (
                ("rows", self._trailer.rows, counted.rows),
                ("lines", self._trailer.lines, row.last_line),
                ("orders", self._trailer.orders, orders),
            )
            if place is not None and (told := self._number(row.cells, place, where)) != found
        ]
        if self._trailer.total is not None:
            told = self._number(row.cells, self._trailer.total, where, self._transforms)
            if told != counted.total or counted.unread:
                unread = f"; {counted.unread} of its orders have none that can be read" if counted.unread else ""
                wrong.append(f"orders of {told} in total, they are {counted.total}{unread}")
        if wrong:
            raise BrokenFile(f"{where} does not agree with the file: it says {', and '.join(wrong)}: send it again")

    def _number(self, cells: Sequence[str], place: int, where: str, transforms: Sequence[object] = ()) -> Decimal:
        value: Value = cells[place - 1].strip() if place <= len(cells) else ""
        if value == "":
            raise BrokenFile(f"{where}: cell {place} is empty")
        try:
            for transform in transforms:
                value = transform(value)  # type: ignore[operator]
            return to_decimal(value)
        except BadValue as error:
            raise BrokenFile(f"{where}: cell {place} {error}") from None


def ensure_is_there(trailer: TrailerRow | None, counted: Counted) -> None:
    """Raises BrokenFile at the end of a file that has none."""
    if trailer is not None and not counted.trailer:
        raise BrokenFile("the file has no trailer, which the mapping describes: it did not come to its end")
