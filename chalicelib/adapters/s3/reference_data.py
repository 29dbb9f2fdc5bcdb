"""Reference data out of S3, cached in memory and on disk, so that neither S3 nor a bad upload can stop orders.

What happens when a data set is asked for:

    fresh in memory           answer from it
    older than its TTL        ask S3 with If-None-Match: 304 keeps it; a changed object is verified and replaces it
    S3 fails, object damaged  answer from the copy in memory or on disk, warn once, ask again after FAILURE_RETRY_S
    no usable copy at all     DependencyUnavailable, and the workflow retries
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, Generic

from cachetools import TLRUCache, TTLCache

from chalicelib.adapters.s3.reference_copies import LocalCopies
from chalicelib.adapters.s3.reference_files import DamagedFile, ReferenceFile
from chalicelib.adapters.s3.reference_objects import ReferenceObjects
from chalicelib.adapters.s3.reference_records import CUSTOMERS, HOLDS, PRODUCTS, DataSet, R, hold_key
from chalicelib.domain.errors import DependencyUnavailable, Misconfigured, TransientError
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.observability import logger
from chalicelib.ports import Clock

CATALOGUE_TTL_S = 60.0
"""How long a change of customers or products may take to be seen."""

HOLDS_TTL_S = 5.0
"""Holds stop deliveries that must not happen: seen almost at once, for one conditional GET every 5 s."""

FAILURE_RETRY_S = 15.0
"""After a failure of S3, data sets with a copy do not ask it for this long: a slow S3 slows one order, not all."""

_WHOLE_OF_S3 = "S3"


@dataclass(frozen=True, slots=True)
class _Copy(Generic[R]):
    """A verified file and the ETag of the object that it came from."""

    etag: str
    file: ReferenceFile[R]


class S3ReferenceData:
    """Implements ports.ReferenceData over the objects of the reference bucket.

    `directory` holds the copies on disk; it may be shared by processes. A look-up takes about 15 µs.
    """

    def __init__(self, client: Any, bucket: str, directory: str | Path, clock: Clock) -> None:
        def now() -> float:
            return clock.now().timestamp()

        self._objects = ReferenceObjects(client, bucket)
        self._disk = LocalCopies(Path(directory), origin=bucket)
        self._lock = RLock()
        self._now = now
        self._copies: dict[str, _Copy[Any]] = {}
        self._looked_at: dict[str, float] = {}
        self._fresh: TLRUCache[str, _Copy[Any], float] = TLRUCache(3, _fresh_until, now)
        self._failing: TTLCache[str, bool, float] = TTLCache(4, FAILURE_RETRY_S, now)  # data sets, or all of S3
        self._warned: dict[str, str] = {}

    def customer(self, customer_id: str) -> Customer | None:
        return self._file(CUSTOMERS).find(customer_id)

    def product(self, sku: str) -> Product | None:
        return self._file(PRODUCTS).find(sku)

    def hold(self, kind: str, key: str) -> DeliveryHold | None:
        return self._file(HOLDS).find(hold_key(kind, key))

    def look_again(self, since: datetime) -> bool:
        """Costs a conditional GET for each data set that was looked at before."""
        with self._lock:
            old = [name for name in [*self._fresh] if self._looked_at[name] < since.timestamp()]
            for name in old:
                self._fresh.pop(name, None)
            return bool(old)

    def versions(self) -> dict[str, str]:
        """The ETags (without their quotes) of the data sets that have been asked for."""
        with self._lock:
            return {name: copy.etag.strip('"') for name, copy in sorted(self._copies.items())}

    def _file(self, data_set: DataSet[R]) -> ReferenceFile[R]:
        with self._lock:
            try:
                copy: _Copy[R] = self._fresh[data_set.name]  # reads the clock once; `get` would twice
            except KeyError:
                copy = self._revalidated(data_set)
            return copy.file

    def _revalidated(self, data_set: DataSet[R]) -> _Copy[R]:
        name, known = data_set.name, self._known(data_set)
        if known is not None and (name in self._failing or _WHOLE_OF_S3 in self._failing):
            return known
        began = self._now()
        try:
            copy = self._fetched(data_set, known)
        except (TransientError, Misconfigured, DamagedFile) as problem:
            if known is None:
                detail = f"{name} cannot be read and no copy is cached: {problem}"
                raise DependencyUnavailable("reference data", detail) from problem
            self._failing[_WHOLE_OF_S3 if isinstance(problem, TransientError) else name] = True
            self._warn_once(name, known.etag, problem)
            return known
        if self._warned.pop(name, None):
            logger().info("reference data is read from S3 again", extra={"dataset": name})
        self._copies[name] = self._fresh[name] = copy
        self._looked_at[name] = began
        return copy

    def _known(self, data_set: DataSet[R]) -> _Copy[R] | None:
        """The copy in memory or else the one on disk, which is verified: anything may have happened to it."""
        name = data_set.name
        if name not in self._copies:
            stored = self._disk.read(name)
            if stored is None:
                return None
            try:
                self._copies[name] = _Copy(stored[0], ReferenceFile(data_set, stored[1]))
            except DamagedFile as problem:
                logger().warning(f"the copy on disk {problem}; fetching it again", extra={"dataset": name})
                return None
        return self._copies[name]

    def _fetched(self, data_set: DataSet[R], known: _Copy[R] | None) -> _Copy[R]:
        """The object as it is now; `known` itself if it has not changed."""
        answer = self._objects.get(data_set.name, known.etag if known else "")
        if answer is None:
            assert known is not None
            return known
        etag, content = answer
        copy = _Copy(etag, ReferenceFile(data_set, content))
        try:
            self._disk.write(data_set.name, etag, content)
        except OSError as problem:  # the copy on disk is for worse times; this process has what it needs
            extra = {"dataset": data_set.name, "problem": str(problem)}
            logger().warning("reference data cannot be kept on disk", extra=extra)
        return copy

    def _warn_once(self, name: str, version: str, problem: Exception) -> None:
        """Once per data set and kind of problem, until it is read again."""
        kind = type(problem).__name__
        if self._warned.get(name) != kind:
            self._warned[name] = kind
            extra = {"dataset": name, "version": version, "problem": f"{kind}: {problem}"}
            logger().warning("reference data cannot be read from S3; going on with the cached copy", extra=extra)


def _fresh_until(name: str, _: _Copy[Any], now: float) -> float:
    return now + (HOLDS_TTL_S if name == HOLDS.name else CATALOGUE_TTL_S)
