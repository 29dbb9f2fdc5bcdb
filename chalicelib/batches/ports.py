"""What bulk intake needs from the outside, beside the ports of the application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.batches.model import Batch, Page, Upload
from chalicelib.ports import OrderRow


class Ledger(Protocol):
    """Uploads, batches and pages. Raises DependencyUnavailable; Contention if somebody else has saved meanwhile."""

    def save_upload(self, upload: Upload) -> None: ...

    def upload(self, upload_id: str) -> Upload | None: ...

    def create(self, batch: Batch) -> bool:
        """Claim the batch; False if it is there already."""
        ...

    def batch(self, batch_id: str) -> Batch | None:
        """Strongly consistent."""
        ...

    def save(self, batch: Batch) -> Batch:
        """Replace the version that `batch` was made from; returns it with its new version."""
        ...

    def listed(self, source: str | None, start: datetime | None, end: datetime | None, after: str) -> Iterator[str]:
        """Positions (`domain.cursors`) of the batches and the uploads, of a source or of all, newest first: by when
        they were received or offered, in [start, end), and behind `after`. Strongly consistent."""
        ...

    def found(self, ids: Sequence[str]) -> Mapping[str, Batch | Upload]:
        """Those that are there, by their ids."""
        ...

    def page(self, batch_id: str, number: int) -> Page | None: ...

    def pages(self, batch_id: str) -> Iterator[Page]:
        """Those that were begun, by number."""
        ...

    def save_page(self, page: Page) -> Page:
        """Like save(); version 0 is a page that is not there yet."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """An object that is read once, in chunks of some kilobytes."""

    etag: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A form that whoever has it may POST (multipart/form-data, `file` last), once or again, until it expires."""

    url: str
    fields: Mapping[str, str]
    expires_s: int


class Sink(Protocol):
    """Takes an object of any size, piece by piece. It is there when the context ends without an error."""

    def write(self, data: bytes) -> None: ...


class Files(Protocol):
    """Objects by key. Raises DependencyUnavailable, DependencyTimeout."""

    def form(self, key: str, max_bytes: int) -> UploadForm: ...

    def link(self, key: str, filename: str) -> str:
        """A URL from which whoever has it may download for an hour."""
        ...

    def stream(self, key: str, etag: str = "", version: str = "") -> Stream:
        """One version of the object, the latest if none is named. Raises FileReplaced if it has another ETag than the
        one asked for, or is gone."""
        ...

    def get(self, key: str) -> bytes:
        """A small object, whole."""
        ...

    def put(self, key: str, data: bytes) -> str:
        """Its ETag."""
        ...

    def sink(self, key: str, content_type: str) -> AbstractContextManager[Sink]: ...


class OrderRows(Protocol):
    """The read model by ids. Raises DependencyUnavailable, Contention."""

    def rows(self, order_ids: Sequence[str]) -> Mapping[str, OrderRow]:
        """The rows that are there; they follow the orders by about a second."""
        ...


class BulkEngine(Protocol):
    """The bulk state machine. Raises DependencyUnavailable."""

    def start(self, batch_id: str, attempt: int) -> bool:
        """False if that attempt was started before."""
        ...

    def is_running(self, batch_id: str, attempt: int) -> bool: ...


class Mappings(Protocol):
    """CSV mappings that integration engineers have published. Raises DependencyUnavailable."""

    def text(self, source: str, name: str) -> str | None: ...
