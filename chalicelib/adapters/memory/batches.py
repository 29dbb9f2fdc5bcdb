"""Fakes in memory of what bulk intake uses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from threading import RLock

from chalicelib.batches.errors import FileReplaced
from chalicelib.batches.model import Batch, Page, Upload
from chalicelib.batches.ports import Stream, UploadForm
from chalicelib.domain.cursors import bounds, position_of
from chalicelib.domain.errors import Contention
from chalicelib.ports import OrderRow, Projection


class MemoryLedger:
    """batches.ports.Ledger."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._uploads: dict[str, Upload] = {}
        self._batches: dict[str, Batch] = {}
        self._pages: dict[tuple[str, int], Page] = {}

    def save_upload(self, upload: Upload) -> None:
        self._uploads[upload.upload_id] = upload

    def upload(self, upload_id: str) -> Upload | None:
        return self._uploads.get(upload_id)

    def create(self, batch: Batch) -> bool:
        with self._lock:
            return self._batches.setdefault(batch.batch_id, batch) is batch

    def batch(self, batch_id: str) -> Batch | None:
        return self._batches.get(batch_id)

    def save(self, batch: Batch) -> Batch:
        with self._lock:
            known = self._batches.get(batch.batch_id)
            if known is None or known.version != batch.version:
                raise Contention(f"batch {batch.batch_id} was changed by somebody else")
            self._batches[batch.batch_id] = replace(batch, version=batch.version + 1)
            return self._batches[batch.batch_id]

    def listed(self, source: str | None, start: datetime | None, end: datetime | None, after: str) -> Iterator[str]:
        low, high = bounds(start, end, after)
        with self._lock:
            known = [
                *((each.source, position_of(each.received_at, each.batch_id)) for each in self._batches.values()),
                *((each.source, position_of(each.created_at, each.upload_id)) for each in self._uploads.values()),
            ]
        fitting = (place for owner, place in known if source in (None, owner) and low <= place <= high)
        yield from sorted((place for place in fitting if place != after), reverse=True)

    def found(self, ids: Sequence[str]) -> Mapping[str, Batch | Upload]:
        both: dict[str, Batch | Upload] = {**self._uploads, **self._batches}
        return {id_: both[id_] for id_ in ids if id_ in both}

    def page(self, batch_id: str, number: int) -> Page | None:
        return self._pages.get((batch_id, number))

    def pages(self, batch_id: str) -> Iterator[Page]:
        with self._lock:
            known = sorted(self._pages.items())
        yield from (page for (owner, _), page in known if owner == batch_id)

    def save_page(self, page: Page) -> Page:
        with self._lock:
            known = self._pages.get((page.batch_id, page.number))
            if (known.version if known else 0) != page.version:
                raise Contention(f"page {page.number} of batch {page.batch_id} was changed by somebody else")
            newer = self._pages[page.batch_id, page.number] = replace(page, version=page.version + 1)
            return newer


class MemoryFiles:
    """batches.ports.Files: `objects` by key. `chunk_bytes` is how much a stream gives at a time.

    Versions are kept as in a bucket that has them: their ids are the ETags.
    """

    def __init__(self, chunk_bytes: int = 64 * 1024) -> None:
        self.objects: dict[str, bytes] = {}
        self.versions: dict[tuple[str, str], bytes] = {}
        self.chunk_bytes = chunk_bytes

    def form(self, key: str, max_bytes: int) -> UploadForm:
        return UploadForm("https://uploads.invalid/", {"key": key}, 3600)

    def link(self, key: str, filename: str) -> str:
        return f"https://downloads.invalid/{key}?{filename}"

    def stream(self, key: str, etag: str = "", version: str = "") -> Stream:
        data = self.versions.get((key, version)) if version else self.objects.get(key)
        if data is None or (etag and _etag(data) != etag):
            raise FileReplaced
        size = self.chunk_bytes
        return Stream(_etag(data), (data[start : start + size] for start in range(0, len(data), size)))

    def get(self, key: str) -> bytes:
        return self.objects[key]

    def put(self, key: str, data: bytes) -> str:
        self.objects[key] = self.versions[key, _etag(data)] = data
        return _etag(data)

    @contextmanager
    def sink(self, key: str, content_type: str) -> Iterator[MemorySink]:
        sink = MemorySink()
        yield sink
        self.objects[key] = bytes(sink.data)


class MemorySink:
    """batches.ports.Sink."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data


class MemoryOrderRows:
    """batches.ports.OrderRows over any projection."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection

    def rows(self, order_ids: Sequence[str]) -> Mapping[str, OrderRow]:
        found = {order_id: self._projection.get(order_id) for order_id in order_ids}
        return {order_id: row for order_id, row in found.items() if row is not None}


class MemoryBulkEngine:
    """batches.ports.BulkEngine: `started` in order; executions run until a test puts them into `ended`."""

    def __init__(self) -> None:
        self.started: list[tuple[str, int]] = []
        self.ended: set[tuple[str, int]] = set()

    def start(self, batch_id: str, attempt: int) -> bool:
        if (batch_id, attempt) in self.started:
            return False
        self.started.append((batch_id, attempt))
        return True

    def is_running(self, batch_id: str, attempt: int) -> bool:
        return (batch_id, attempt) in self.started and (batch_id, attempt) not in self.ended


class MemoryMappings:
    """batches.ports.Mappings: `texts` by (source, name)."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    def text(self, source: str, name: str) -> str | None:
        return self.texts.get((source, name))


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
