"""Which order numbers of a file stand in more than one place: none of these orders is whole anywhere.

Sixty-four bits stand for a number. Two numbers that share them, by chance, are both taken for torn: an order too few is
accepted, and its line says so, never one too many.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.records import FileRecord

MAX_TORN = 100_000
"""Orders of a file that may be torn. In a file that is sorted by something else, all of them are."""


@dataclass(frozen=True, slots=True)
class StoredCensus:
    """A census between two calls: eight bytes a number."""

    seen: bytes = b""
    torn: dict[int, int] = field(default_factory=dict)
    suspects: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Census:
    """Counts the runs of rows of each order. `torn`: number -> a line on which it stands once more."""

    seen: set[int] = field(default_factory=set)
    torn: dict[int, int] = field(default_factory=dict)
    suspects: dict[int, int] = field(default_factory=dict)

    def saw(self, external_id: str, line: int) -> None:
        """A run of rows of this order begins on this line. Raises BrokenFile if that is so of too many."""
        number = number_of(external_id)
        if number in self.seen:
            self.torn[number] = line
            if len(self.torn) > MAX_TORN:
                raise BrokenFile(f"the rows of more than {MAX_TORN:,} orders do not follow each other: sort the file")
        self.seen.add(number)

    def suspect(self, external_ids: Iterable[str], line: int) -> None:
        """A row that cannot be read stands on this line, and is perhaps of one of these orders."""
        for external_id in external_ids:
            self.suspects[number_of(external_id)] = line
        if len(self.suspects) > MAX_TORN:
            raise BrokenFile(f"more than {MAX_TORN:,} rows cannot be read: is the mapping that of this file?")

    def doubts(self) -> Doubts:
        """Of the whole file."""
        return Doubts(self.torn, {number: line for number, line in self.suspects.items() if number in self.seen})

    def stored(self) -> StoredCensus:
        """For `restored`."""
        return StoredCensus(array("Q", sorted(self.seen)).tobytes(), self.torn, self.suspects)

    @classmethod
    def restored(cls, stored: StoredCensus) -> Census:
        """The census goes on where it was stored."""
        seen = array("Q")
        seen.frombytes(stored.seen)
        return cls(set(seen), stored.torn, stored.suspects)


def number_of(external_id: str) -> int:
    """64 bits of a hash."""
    return int.from_bytes(hashlib.blake2b(external_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Doubts:
    """What a census has found: the number of an order -> a line that keeps it from being whole."""

    torn: dict[int, int] = field(default_factory=dict)
    suspects: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.torn.keys() | self.suspects.keys())

    def judged(self, record: FileRecord) -> FileRecord:
        """The record, invalid if its order is not whole."""
        number = number_of(record.external_id) if record.external_id and len(self) else None
        if number in self.torn:
            line = self.torn[number]
            where = f"on line {line}" if line != record.line else "above"
            problem = f"its rows do not follow each other, there are more {where}: sort the file by order number"
        elif number in self.suspects and not record.problems:
            problem = f"line {self.suspects[number]} cannot be read and may be one of its rows"
        else:
            return record
        return replace(record, text="", problems=(*record.problems, ("", problem)))
