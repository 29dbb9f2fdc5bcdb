"""Copies of reference files on the local disk: they outlive the process and serve while S3 does not answer.

Two processes may read and write the same directory. A copy is written beside its final name and then moved over
it, which is atomic: a reader sees the old file or the new one, never half of one.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

ABANDONED_AFTER_S = 600.0
"""A temporary file this much older than a new one belongs to a process that was killed while writing it."""

_TEMPORARY_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class LocalCopies:
    """`directory` is made when needed. `origin` keeps copies of different buckets apart."""

    directory: Path
    origin: str

    def read(self, name: str) -> tuple[str, bytes] | None:
        """ETag and content of the copy, unchecked; None if there is none or it cannot be read."""
        try:
            stored = self._path(name).read_bytes()
        except OSError:
            return None
        etag, separator, content = stored.partition(b"\n")
        return (etag.decode("ascii", "replace"), content) if separator else None

    def write(self, name: str, etag: str, content: bytes) -> None:
        """Replace the copy. Raises OSError (disk full, read-only); the old copy is then untouched."""
        self.directory.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(_TEMPORARY_SUFFIX, self._path(name).name, self.directory)
        try:
            with open(handle, "wb") as file:
                file.write(etag.encode("ascii", "replace") + b"\n")
                file.write(content)
            self._remove_abandoned(os.stat(temporary).st_mtime)
            os.replace(temporary, self._path(name))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _path(self, name: str) -> Path:
        return self.directory / f"{self.origin}.{name}.json"

    def _remove_abandoned(self, now: float) -> None:
        for path in self.directory.glob(f"*{_TEMPORARY_SUFFIX}"):
            try:
                if now - path.stat().st_mtime > ABANDONED_AFTER_S:
                    path.unlink()
            except FileNotFoundError:
                continue  # another process has moved or removed it
