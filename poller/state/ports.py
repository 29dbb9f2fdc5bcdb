"""What a poller remembers: its lease on a source, the watermark, and what it found. Ports with two adapters each.

A lease carries a fencing token that grows with every holder; a watermark is only saved under the newest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from poller.database.keyset import Bound, Position


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll `source` until `expires_at` (UTC). `fence` tells holders apart for good."""

    source: str
    holder: str
    fence: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HorizonMark:
    """At `at` (the database's clock, UTC), having read up to `position`, the next transaction was `token` (0: unknown).

    Whatever is not visible up to `position` then belongs to a transaction that began before.
    """

    at: datetime
    token: int
    position: Position


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a source has been read.

    `floor`: everything before it is settled and never read again. A pass reads from the floor to the end; an unfinished
    one stands at `position`, and `candidate` is the floor once it is finished. `types` are the column types seen with
    the source file of that `fingerprint`. `passed_at`: the database's clock when the last finished pass began.
    """

    floor: Bound | None = None
    position: Position | None = None
    candidate: Bound | None = None
    pass_started_at: datetime | None = None
    passed_at: datetime | None = None
    marks: tuple[HorizonMark, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    stopped: str = ""
    saved_at: datetime | None = None


class Watermarks(Protocol):
    """Leases and watermarks. Raises DependencyUnavailable, DependencyTimeout, Misconfigured."""

    def acquire(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease | None:
        """The lease, with a new fence; None while somebody else holds it."""
        ...

    def take_over(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease:
        """The lease, whoever holds it: for an operator's command. The former holder can save nothing any more."""
        ...

    def renew(self, lease: Lease, now: datetime, length: timedelta) -> Lease:
        """The same lease, longer. Raises LeaseLost."""
        ...

    def release(self, lease: Lease) -> None:
        """Let others poll at once. Harmless if it is lost."""
        ...

    def load(self, source: str) -> Watermark:
        """The watermark, strongly consistent; an empty one for a source that was never polled."""
        ...

    def save(self, lease: Lease, watermark: Watermark, now: datetime, history: bool = False) -> None:
        """Replace the watermark, `history`: and keep a dated copy for 30 days. Raises LeaseLost, saving nothing."""
        ...

    def history(self, source: str, limit: int) -> Sequence[Watermark]:
        """Dated copies, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that could not be mapped. `row` (JSON) may hold personal data: stored, never logged.

    `key` is the JSON list of its key values. `fingerprint`: the source file's at that time.
    """

    source: str
    key: str
    reasons: tuple[str, ...]
    row: str
    row_hash: str
    fingerprint: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that differs from the order that was accepted from it; `fields` are the canonical names."""

    source: str
    key: str
    order_id: str
    external_id: str
    fields: tuple[str, ...]
    row_hash: str
    first_seen: datetime
    last_seen: datetime


class Findings(Protocol):
    """Rows that need somebody's attention, each once per key. Raises as Watermarks."""

    def quarantine(self, entry: Quarantined) -> None:
        """Add or replace; the first `first_seen` of a key stays."""
        ...

    def release(self, source: str, key: str) -> None:
        """The row has been accepted after all."""
        ...

    def quarantined(self, source: str, limit: int, after: str = "") -> Sequence[Quarantined]:
        """In the order of keys, those after `after`."""
        ...

    def record_change(self, change: Changed) -> None:
        """Add or replace; the first `first_seen` of a key stays."""
        ...

    def changes(self, source: str, limit: int, after: str = "") -> Sequence[Changed]:
        """In the order of keys, those after `after`."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """Hashes of the rows of one range of keys: 8 bytes of the key's hash -> 8 bytes of the row's."""

    hashes: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class ChunkIndex:
    """The ranges in key order: (chunk's number, last key of its range); the last range has no end (None)."""

    ranges: tuple[tuple[int, Position | None], ...] = ()
    next_number: int = 1


class Snapshots(Protocol):
    """What a table looked like when it was last read, for sources without a usable cursor. `name` = source and purpose.

    Saved under the lease. Raises as Watermarks, and LeaseLost.
    """

    def index(self, name: str) -> ChunkIndex: ...

    def save_index(self, lease: Lease, name: str, index: ChunkIndex) -> None: ...

    def chunk(self, name: str, number: int) -> Chunk: ...

    def save_chunk(self, lease: Lease, name: str, number: int, chunk: Chunk) -> None: ...

    def clear(self, lease: Lease, name: str) -> None:
        """Forget everything: the next pass sees every row as new."""
        ...
