"""Poller state and an order store in one SQLite file: durable, shared by processes, fast; for storms and benchmarks.

It passes the contract suites of poller/state/ports.py, as the DynamoDB adapters do.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Status
from chalicelib.orders.accept import Accepted
from chalicelib.orders.again import ASKED, Terms
from poller.errors import LeaseLost
from poller.state.codec import (
    decode_chunk,
    decode_index,
    decode_watermark,
    encode_chunk,
    encode_index,
    encode_watermark,
)
from poller.state.ports import Changed, Chunk, ChunkIndex, Lease, Quarantined, Watermark

_TABLES = """
CREATE TABLE IF NOT EXISTS leases (source TEXT PRIMARY KEY, holder TEXT, fence INTEGER, expires_at REAL);
CREATE TABLE IF NOT EXISTS items (kind TEXT, source TEXT, key TEXT, data BLOB, PRIMARY KEY (kind, source, key));
CREATE TABLE IF NOT EXISTS orders (source TEXT, external_id TEXT, payload_hash TEXT, accepted INTEGER, replayed INTEGER,
  conflicts INTEGER, PRIMARY KEY (source, external_id)) WITHOUT ROWID;
"""


class SqliteState:
    """state.Watermarks, state.Findings, state.Snapshots and services.Accepts in one object."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # -- Watermarks

    def acquire(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease | None:
        with self._transaction() as db:
            row = db.execute("SELECT holder, expires_at FROM leases WHERE source = ?", (source,)).fetchone()
            if row is not None and row[1] > now.timestamp() and row[0] != holder:
                return None
            return self._take(db, source, holder, now, length)

    def take_over(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease:
        with self._transaction() as db:
            return self._take(db, source, holder, now, length)

    def _take(self, db: sqlite3.Connection, source: str, holder: str, now: datetime, length: timedelta) -> Lease:
        (fence,) = db.execute(
            "INSERT INTO leases VALUES (?, ?, 1, ?) ON CONFLICT (source) DO UPDATE SET holder = excluded.holder,"
            " fence = fence + 1, expires_at = excluded.expires_at RETURNING fence",
            (source, holder, (now + length).timestamp()),
        ).fetchone()
        return Lease(source, holder, fence, now + length)

    def renew(self, lease: Lease, now: datetime, length: timedelta) -> Lease:
        with self._transaction() as db:
            self._check(db, lease)
            db.execute("UPDATE leases SET expires_at = ? WHERE source = ?", ((now + length).timestamp(), lease.source))
        return replace(lease, expires_at=now + length)

    def release(self, lease: Lease | str, key: str = "") -> None:
        with self._transaction() as db:
            if isinstance(lease, str):
                db.execute("DELETE FROM items WHERE kind = 'quarantine' AND source = ? AND key = ?", (lease, key))
            else:
                values = (lease.source, lease.fence)
                db.execute("UPDATE leases SET expires_at = 0 WHERE source = ? AND fence = ?", values)

    def load(self, source: str) -> Watermark:
        data = self._get("watermark", source, "")
        return Watermark() if data is None else decode_watermark(data)

    def save(self, lease: Lease, watermark: Watermark, now: datetime, history: bool = False) -> None:
        text = encode_watermark(replace(watermark, saved_at=now))
        with self._transaction() as db:
            self._check(db, lease)
            self._put(db, "watermark", lease.source, "", text)
            if history:
                self._put(db, "history", lease.source, now.isoformat(), text)

    def history(self, source: str, limit: int) -> Sequence[Watermark]:
        sql = "SELECT data FROM items WHERE kind = 'history' AND source = ? ORDER BY key DESC LIMIT ?"
        with self._lock:
            return [decode_watermark(row[0]) for row in self._db.execute(sql, (source, limit))]

    # -- Findings

    def quarantine(self, entry: Quarantined) -> None:
        self._add("quarantine", entry)

    def quarantined(self, source: str, limit: int, after: str = "") -> Sequence[Quarantined]:
        return [msgspec.json.decode(data, type=Quarantined) for data in self._list("quarantine", source, limit, after)]

    def record_change(self, change: Changed) -> None:
        self._add("change", change)

    def changes(self, source: str, limit: int, after: str = "") -> Sequence[Changed]:
        return [msgspec.json.decode(data, type=Changed) for data in self._list("change", source, limit, after)]

    def _add(self, kind: str, entry: Quarantined | Changed) -> None:
        with self._transaction() as db:
            before = self._get(kind, entry.source, entry.key)
            if before is not None:
                entry = replace(entry, first_seen=msgspec.json.decode(before, type=type(entry)).first_seen)
            self._put(db, kind, entry.source, entry.key, msgspec.json.encode(entry).decode())

    def _list(self, kind: str, source: str, limit: int, after: str) -> list[str]:
        sql = "SELECT data FROM items WHERE kind = ? AND source = ? AND key > ? ORDER BY key LIMIT ?"
        with self._lock:
            return [row[0] for row in self._db.execute(sql, (kind, source, after, limit))]

    # -- Snapshots

    def index(self, name: str) -> ChunkIndex:
        data = self._get("index", name, "")
        return ChunkIndex() if data is None else decode_index(data)

    def save_index(self, lease: Lease, name: str, index: ChunkIndex) -> None:
        with self._transaction() as db:
            self._check(db, lease)
            self._put(db, "index", name, "", encode_index(index))

    def chunk(self, name: str, number: int) -> Chunk:
        data = self._get("chunk", name, str(number))
        return Chunk({}) if data is None else decode_chunk(bytes.fromhex(data))

    def save_chunk(self, lease: Lease, name: str, number: int, chunk: Chunk) -> None:
        with self._transaction() as db:
            self._check(db, lease)
            self._put(db, "chunk", name, str(number), encode_chunk(chunk).hex())

    def clear(self, lease: Lease, name: str) -> None:
        with self._transaction() as db:
            self._check(db, lease)
            db.execute("DELETE FROM items WHERE kind IN ('index', 'chunk') AND source = ?", (name,))

    # -- Accepts

    def accept(
        self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
    ) -> Accepted:
        """One row per order; counts how often it was accepted, repeated, and repeated otherwise."""
        sql = (
            "INSERT INTO orders VALUES (?, ?, ?, 1, 0, 0) ON CONFLICT DO UPDATE SET replayed = replayed + 1,"
            " conflicts = conflicts + (payload_hash <> excluded.payload_hash) RETURNING replayed"
        )
        with self._lock:
            row = (content.source, content.external_id, content.payload_hash())
            (replayed,) = self._db.execute(sql, row).fetchone()
        return Accepted(content.order_id, Status.RECEIVED, correlation_id, replayed=replayed > 0, started=True)

    def accepted(self, source: str) -> dict[str, tuple[int, int, int]]:
        """External id -> times accepted, repeated, repeated with other content."""
        sql = "SELECT external_id, accepted, replayed, conflicts FROM orders WHERE source = ?"
        with self._lock:
            return {row[0]: (row[1], row[2], row[3]) for row in self._db.execute(sql, (source,))}

    # -- common

    def _check(self, db: sqlite3.Connection, lease: Lease) -> None:
        row = db.execute("SELECT holder, fence FROM leases WHERE source = ?", (lease.source,)).fetchone()
        if row != (lease.holder, lease.fence):
            raise LeaseLost(lease.source)

    def _get(self, kind: str, source: str, key: str) -> str | None:
        sql = "SELECT data FROM items WHERE kind = ? AND source = ? AND key = ?"
        with self._lock:
            row = self._db.execute(sql, (kind, source, key)).fetchone()
        return None if row is None else str(row[0])

    def _put(self, db: sqlite3.Connection, kind: str, source: str, key: str, data: str) -> None:
        db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", (kind, source, key, data))
