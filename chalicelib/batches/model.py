"""A batch, its uploads and its pages. The page is the unit of accounting: its counts are written all at once.

What must always hold is not checked but cannot be otherwise: `received` and `accepted` are sums, not counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.ids import revision_key
from chalicelib.domain.state import Status


class Format(StrEnum):
    """What is in the file. Compression is recognised, not stated."""

    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"


class BatchState(StrEnum):
    """Where a batch stands; an upload without a batch is AWAITING_UPLOAD or REFUSED."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    RECEIVED = "RECEIVED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    INCOMPLETE = "INCOMPLETE"
    NOTHING_ACCEPTED = "NOTHING_ACCEPTED"
    CANCELLED = "CANCELLED"
    REFUSED = "REFUSED"


class LineOutcome(StrEnum):
    """What became of a line when it was handed to accept()."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    VALID = "valid"
    """Only tried, and right as far as can be told."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the sender has counted. `total_by_currency`: "EUR" -> the sum of the orders' totals, with a point.

    `bytes` and `sha256` (hex) are of the file as it is uploaded, compressed or not. None and empty: not said.
    """

    orders: int | None = None
    total_by_currency: Mapping[str, str] = field(default_factory=dict)
    bytes: int | None = None
    sha256: str = ""

    @property
    def vouches(self) -> bool:
        """Whether a file that agrees has come whole."""
        return self != Expected()


@dataclass(frozen=True, slots=True)
class Tally:
    """What the lines of a file are: lines = header + blank + skipped + records.

    `skipped` are those that the mapping says to leave out. In a JSON array, whose lines mean nothing, elements are
    counted instead.
    """

    header: int = 0
    blank: int = 0
    skipped: int = 0
    records: int = 0

    @property
    def lines(self) -> int:
        return self.header + self.blank + self.skipped + self.records


@dataclass(frozen=True, slots=True)
class Upload:
    """A place for one file. `key` is its object; `batch_id` is known once it is there and could be read.

    `mapping_text` is the published CSV mapping as it was when the place was offered: whoever offers knows how the file
    will be read. None in uploads of earlier releases.
    """

    upload_id: str
    source: str
    format: Format
    encoding: str
    mapping: str
    key: str
    created_at: datetime
    batch_id: str = ""
    problem: str = ""
    mapping_text: str | None = None
    expected: Expected = field(default_factory=Expected)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Stops accepting. `orders`: also ask for the orders that are still running to be cancelled."""

    by: str
    reason: str
    at: datetime
    orders: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """One file's content of one source. `lines` (orders in the file) is None until it is split into `pages`.

    `key`, `etag` and `object_version` are the upload that it is read from; `mapping` is the text of the CSV mapping as
    it was then.
    `file` says what its lines are, `doubtful` how many order numbers are not whole in one place (`doubts_key`).
    `split_tries` counts the calls that began to split behind page `split_from` and did not come further.
    `attempt` counts executions; `settled_before` is how many lines earlier ones had settled.
    """

    batch_id: str
    source: str
    format: Format
    encoding: str
    mapping: str
    key: str
    etag: str
    content_bytes: int
    page_lines: int
    received_at: datetime
    attempt: int
    attempt_started_at: datetime
    version: int = 1
    state: BatchState = BatchState.RECEIVED
    settled_before: int = 0
    lines: int | None = None
    pages: int = 0
    problem: str = ""
    cancellation: Cancellation | None = None
    finished_at: datetime | None = None
    reported_at: datetime | None = None
    expected: Expected = field(default_factory=Expected)
    file: Tally | None = None
    doubtful: int = 0
    object_version: str = ""
    split_from: int = 0
    split_tries: int = 0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line, or of the lines up to `last_line` that make one order. `errors` are (field, message);
    `order_id` is empty unless there is such an order, `revision` is that of the order when the line was handed over."""

    line: int
    external_id: str
    outcome: LineOutcome
    order_id: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    last_line: int = 0
    revision: int = 1


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The accounting. received = accepted + duplicate + invalid + valid; accepted = the five from confirmed on.

    `valid` are lines of a dry run, in which none is accepted.
    """

    duplicate: int = 0
    invalid: int = 0
    confirmed: int = 0
    rejected: int = 0
    cancelled: int = 0
    failed: int = 0
    running: int = 0
    valid: int = 0

    @property
    def accepted(self) -> int:
        return self.confirmed + self.rejected + self.cancelled + self.failed + self.running

    @property
    def received(self) -> int:
        return self.accepted + self.duplicate + self.invalid + self.valid

    @property
    def settled(self) -> int:
        """Lines whose outcome is known."""
        return self.received - self.running

    def __add__(self, other: BatchCounts) -> BatchCounts:
        return BatchCounts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a batch. `open` orders run, `parked` ones FAILED; the counters are of those that have ended.

    Orders are named by revision, see `pages.orders`. `parts` are the objects with the results of the lines received so
    far; `moved_at` is when anything last changed.
    """

    batch_id: str
    number: int
    lines: int
    moved_at: datetime
    version: int = 0
    duplicate: int = 0
    invalid: int = 0
    confirmed: int = 0
    rejected: int = 0
    cancelled: int = 0
    open: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    valid: int = 0

    @property
    def counts(self) -> BatchCounts:
        return BatchCounts(
            duplicate=self.duplicate,
            invalid=self.invalid,
            confirmed=self.confirmed,
            rejected=self.rejected,
            cancelled=self.cancelled,
            failed=len(self.parked),
            running=len(self.open),
            valid=self.valid,
        )

    @property
    def received(self) -> int:
        """Lines handed to accept(), from the first on: also the position of the next one."""
        return self.counts.received

    @property
    def is_received(self) -> bool:
        return self.received == self.lines

    def after(self, results: Iterable[LineResult]) -> Page:
        """With the results of the following lines."""
        found = list(results)
        outcomes = [result.outcome for result in found]
        opened = tuple(revision_key(r.order_id, r.revision) for r in found if r.outcome is LineOutcome.ACCEPTED)
        return replace(
            self,
            duplicate=self.duplicate + outcomes.count(LineOutcome.DUPLICATE),
            invalid=self.invalid + outcomes.count(LineOutcome.INVALID),
            valid=self.valid + outcomes.count(LineOutcome.VALID),
            open=self.open + opened,
        )

    def settled(self, statuses: Mapping[str, Status]) -> Page:
        """With the orders where they stand now; an order that is not named stays where it was."""
        standing = {
            **{name: statuses.get(name, Status.RECEIVED) for name in self.open},
            **{name: statuses.get(name, Status.FAILED) for name in self.parked},
        }
        count = Counter(standing.values())
        return replace(
            self,
            confirmed=self.confirmed + count[Status.CONFIRMED],
            rejected=self.rejected + count[Status.REJECTED],
            cancelled=self.cancelled + count[Status.CANCELLED],
            open=tuple(name for name, status in standing.items() if status not in _ENDED),
            parked=tuple(name for name, status in standing.items() if status is Status.FAILED),
        )


_ENDED = frozenset({Status.CONFIRMED, Status.REJECTED, Status.CANCELLED, Status.FAILED})


def correlation_id_of(batch_id: str, line: int) -> str:
    """Stored in the event that brings the line's order. It tells, after any crash, whether this line brought it."""
    return f"{batch_id}.{line}"
