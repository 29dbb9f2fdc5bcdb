"""Control sums: what the sender says is in a file, and what was found in it. They tell a file from a part of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Expected
from chalicelib.batches.parsing.records import FileRecord


@dataclass(slots=True)
class Sums:
    """Of the records so far. `unread`: how many of them have no total that could be added."""

    orders: int = 0
    totals: dict[str, Decimal] = field(default_factory=dict)
    unread: int = 0

    def add(self, records: Iterable[FileRecord], with_totals: bool) -> None:
        for record in records:
            self.orders += 1
            if with_totals:
                self._add_total(record)

    def _add_total(self, record: FileRecord) -> None:
        try:
            order = json.loads(record.text)
            currency, total = str(order["currency"]), Decimal(str(order["total"]))
        except (ValueError, RecursionError, TypeError, KeyError, InvalidOperation):
            self.unread += 1
            return
        self.totals[currency] = self.totals.get(currency, Decimal(0)) + total

    def ensure(self, expected: Expected) -> None:
        """Raises BrokenFile for a difference, with both numbers."""
        wrong = []
        if expected.orders is not None and expected.orders != self.orders:
            wrong.append(f"it holds {self.orders} orders, expected are {expected.orders}")
        if expected.total_by_currency:
            wanted = {currency: Decimal(total) for currency, total in expected.total_by_currency.items()}
            for currency in sorted({*wanted, *self.totals}):
                found = self.totals.get(currency, Decimal(0))
                if found != wanted.get(currency, Decimal(0)):
                    wrong.append(f"its totals in {currency} are {found}, expected is {wanted.get(currency, 'nothing')}")
        if wrong:
            unread = f"; {self.unread} of its orders cannot be read" if self.unread else ""
            raise BrokenFile(f"the file is not what was announced: {', and '.join(wrong)}{unread}")


def counted_bytes(chunks: Iterable[bytes], expected: Expected) -> Iterator[bytes]:
    """The same chunks. Raises BrokenFile at their end for another size or hash of the upload than the one announced."""
    if expected.bytes is None and not expected.sha256:
        yield from chunks
        return
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    _ensure_bytes(expected, size, digest.hexdigest())


def _ensure_bytes(expected: Expected, size: int, sha256: str) -> None:
    if expected.bytes is not None and expected.bytes != size:
        raise BrokenFile(f"the file is not what was announced: it has {size} bytes, expected are {expected.bytes}")
    if expected.sha256 and expected.sha256.lower() != sha256:
        raise BrokenFile(f"the file is not what was announced: its SHA-256 is {sha256}, not {expected.sha256.lower()}")
