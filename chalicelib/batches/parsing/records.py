"""What a file is cut into, whatever its format: records, one per order, each with its place in the file.

A record that cannot be read says so and the others go on; only what makes all of them doubtful refuses the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Protocol

from chalicelib.batches.model import Tally
from chalicelib.batches.parsing.lines import MAX_RECORD_CHARACTERS, START, Place

Problem = tuple[str, str]
"""(field, message); the field is empty for the record as a whole."""

TOO_LONG: Problem = ("", f"is longer than {MAX_RECORD_CHARACTERS:,} characters: split the order")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One order as it stands in the file: the JSON text of the order, or the problems why there is none.

    It takes the lines of the file from `line` to `last_line`, from 1; in a JSON array both are the number of the
    element.
    """

    line: int
    text: str = ""
    problems: tuple[Problem, ...] = ()
    external_id: str = ""
    last_line: int = 0

    def __post_init__(self) -> None:
        if not self.last_line:
            object.__setattr__(self, "last_line", self.line)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a trailer may speak of: data rows, and the sum of the totals of the orders, of which `unread` have none that
    can be read. `trailer` is the line that it stands on, 0 until it comes."""

    rows: int = 0
    total: Decimal = Decimal(0)
    unread: int = 0
    trailer: int = 0

    def plus(self, rows: int, order: Mapping[str, object] | None) -> Counted:
        """With so many rows more, and the total of the order that they make, if it is one."""
        if order is None:
            return replace(self, rows=self.rows + rows)
        try:
            total = Decimal(str(order["total"]))
        except (KeyError, InvalidOperation):
            return replace(self, rows=self.rows + rows, unread=self.unread + 1)
        return replace(self, rows=self.rows + rows, total=self.total + total)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where another reading goes on, after some record: what it must know of what is behind it.

    `doubt` is the line of a row that cannot be read just before `place`, 0 if there is none; `is_number_doubtful`: it
    ends where a number stands, so that the next row may have the rest of it only. `counted` is of files with a trailer
    only.
    """

    place: Place = START
    tally: Tally = field(default_factory=Tally)
    doubt: int = 0
    is_number_doubtful: bool = False
    counted: Counted = field(default_factory=Counted)


class Reader(Protocol):
    """Yields the records from a mark on, the same ones at every reading. Raises BrokenFile."""

    def __iter__(self) -> Iterator[FileRecord]: ...

    @property
    def mark(self) -> Mark:
        """Behind the record that was yielded last; at the end, with the tally of the whole file."""
        ...
