"""Lists of batches, and of uploads that have not become one: what a caller has who has lost every link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from chalicelib.batches.model import Batch, BatchState, Upload
from chalicelib.batches.ports import Ledger
from chalicelib.domain.cursors import decode_cursor, encode_cursor

LOOKED_AT = 100
"""Read at a time."""

MAX_LOOKED_AT = 1_000
"""For one page: a filter that fits hardly any batch ends the page early, and its cursor goes on."""


@dataclass(frozen=True, slots=True)
class BatchQuery:
    """Newest first; `start` and `end` bound when a batch was received, or an upload offered ([start, end))."""

    source: str | None = None
    state: BatchState | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 50
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class BatchPage:
    """`cursor` is empty on the last page; a page may be shorter than the limit although there are more."""

    batches: tuple[Batch | Upload, ...]
    cursor: str


def state_of(one: Batch | Upload) -> BatchState:
    if isinstance(one, Batch):
        return one.state
    return BatchState.REFUSED if one.problem else BatchState.AWAITING_UPLOAD


def batch_page(ledger: Ledger, query: BatchQuery) -> BatchPage:
    """Raises ValueError for a cursor that is not ours."""
    assert query.limit > 0
    reached = decode_cursor(query.cursor)
    positions = ledger.listed(query.source, query.start, query.end, reached)
    found: list[Batch | Upload] = []
    for place, one in _read(ledger, positions):
        if len(found) == query.limit:
            return BatchPage(tuple(found), encode_cursor(reached))
        reached = place
        if one is not None and not _became_a_batch(one) and query.state in (None, state_of(one)):
            found.append(one)
    more = next(positions, None) is not None
    return BatchPage(tuple(found), encode_cursor(reached) if more else "")


def _read(ledger: Ledger, positions: Iterator[str]) -> Iterator[tuple[str, Batch | Upload | None]]:
    for _ in range(MAX_LOOKED_AT // LOOKED_AT):
        places = list(islice(positions, LOOKED_AT))
        there = ledger.found([_id(place) for place in places]) if places else {}
        yield from ((place, there.get(_id(place))) for place in places)


def _id(place: str) -> str:
    return place.partition("#")[2]


def _became_a_batch(one: Batch | Upload) -> bool:
    """Then the batch is listed itself."""
    return isinstance(one, Upload) and one.batch_id != ""
