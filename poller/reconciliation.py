"""Compares an ERP's orders of a period with ours: what is missing here, gone there, or different, and how far it is.

The period is that of `ordered_at`, which both sides know. The ERP's rows are read and mapped like those of a poll, and
compared with the first event of their orders, which holds what was accepted; nothing is written on either side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.events import OrderReceived, RecordedEvent
from chalicelib.domain.order import OrderContent, order_id
from chalicelib.orders.again import differences
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import OrderQuery, Projection
from poller.database.keyset import Bound
from poller.database.queries import Select
from poller.errors import BadRow
from poller.reading.convert import content_of
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder, Reader

FirstEvents = Callable[[Sequence[str]], Mapping[str, RecordedEvent]]
"""Order ids -> their first events; see adapters/dynamodb/events/first_events.py."""

ERP_PAGE = 1_000
OUR_PAGE = 5_000
MAX_FINDINGS = 10_000
"""Findings kept in detail; all are counted."""

CLOCKS_APART = timedelta(days=1)
"""An order may be received here this much before its own `ordered_at`: clocks and time zones differ."""


class DifferenceKind(StrEnum):
    """How the two sides disagree about an order."""

    MISSING = "missing"  # in the ERP, not here
    EXTRA = "extra"  # here, not in the ERP (any more)
    DIFFERENT = "different"  # both, with another content
    UNMAPPABLE = "unmappable"  # in the ERP, but its row cannot be an order


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement. `stage` is how far the order has come here; `detail` names fields, never their values."""

    kind: DifferenceKind
    external_id: str
    order_id: str
    stage: str
    detail: str = ""


@dataclass(slots=True)
class Report:
    """What was compared: orders of the period in the ERP and here, and where they disagree."""

    in_erp: int = 0
    here: int = 0
    counts: Counter[DifferenceKind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not self.counts

    def add(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) of `ordered_at`, UTC."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Ours:
    """What is known here. `missing_stage` says of a row that was not accepted how far the poller has come with it."""

    first_events: FirstEvents
    projection: Projection
    repository: OrderRepository
    missing_stage: Callable[[RawOrder], str]


def reconcile(source: str, pages: Iterable[Sequence[RawOrder]], mapper: Mapper, ours: Ours, period: Period) -> Report:
    """Compare. Memory holds an id of every order that the ERP has, nothing else that grows with it."""
    report = Report()
    known: set[str] = set()
    for page in pages:
        _compare(source, page, mapper, ours, period, report, known)
    for first in _not_among(known, source, ours, period):
        event = first.event
        assert isinstance(event, OrderReceived)
        if event.content.ordered_at in period:
            report.here += 1
            stage = str(ours.repository.load(first.order_id).status)
            detail = f"accepted through {event.channel}; the ERP has no such order (any more)"
            report.add(Finding(DifferenceKind.EXTRA, event.content.external_id, first.order_id, stage, detail))
    return report


def pages(reader: Reader, size: int = ERP_PAGE) -> Iterator[list[RawOrder]]:
    """All orders of the ERP by key, with their lines. Raises as Reader does."""
    select = Select(reader.queries.key_columns())
    after: Bound | None = None
    while True:
        page = reader.headers(select, after, size)
        orders = reader.with_lines(page.orders)
        reader.end()
        yield orders
        if page.complete:
            return
        after = Bound(page.orders[-1].key)


def _compare(
    source: str,
    page: Sequence[RawOrder],
    mapper: Mapper,
    ours: Ours,
    period: Period,
    report: Report,
    known: set[str],
) -> None:
    contents: dict[str, tuple[RawOrder, OrderContent]] = {}
    unmappable: dict[str, tuple[RawOrder, BadRow]] = {}
    for raw in page:
        try:
            content = content_of(mapper, raw)
            contents[content.order_id] = raw, content
        except BadRow as bad:
            unmappable[order_id(source, _name(mapper, raw))] = raw, bad
    known.update(contents, unmappable)
    first = ours.first_events([*contents, *unmappable])
    for key, (raw, content) in contents.items():
        if content.ordered_at in period:
            report.in_erp += 1
            report.here += key in first
            _compare_one(raw, content, first.get(key), ours, report)
    for key, (raw, why) in unmappable.items():
        _report_unmappable(key, _name(mapper, raw), why, first.get(key), ours, period, report)


def _compare_one(raw: RawOrder, content: OrderContent, first: RecordedEvent | None, ours: Ours, report: Report) -> None:
    if first is None:
        stage = ours.missing_stage(raw)
        report.add(Finding(DifferenceKind.MISSING, content.external_id, content.order_id, stage))
        return
    event = first.event
    assert isinstance(event, OrderReceived)
    if event.content == content or event.payload_hash == content.payload_hash():  # equal contents are the rule
        return
    order = ours.repository.load(first.order_id)  # it may have been revised since
    different = differences(order.content, content)
    if different:
        fields = ", ".join(difference.field for difference in different)
        report.add(Finding(DifferenceKind.DIFFERENT, content.external_id, content.order_id, str(order.status), fields))


def _report_unmappable(
    key: str, name: str, bad: BadRow, first: RecordedEvent | None, ours: Ours, period: Period, report: Report
) -> None:
    """Its time may be what cannot be read: without ours to tell the period, it always counts."""
    if first is not None:
        event = first.event
        assert isinstance(event, OrderReceived)
        if event.content.ordered_at not in period:
            return
        report.here += 1
    report.in_erp += 1
    stage = str(ours.repository.load(key).status) if first is not None else "quarantined"
    report.add(Finding(DifferenceKind.UNMAPPABLE, name, key, stage, str(bad)))


def _not_among(known: set[str], source: str, ours: Ours, period: Period) -> Iterator[RecordedEvent]:
    """First events of our orders of the source that the ERP did not show."""
    query = OrderQuery(source=source, start=period.start - CLOCKS_APART, limit=OUR_PAGE)
    while True:
        page = ours.projection.query(query)
        unknown = [row.order_id for row in page.rows if row.order_id not in known]
        if unknown:
            yield from ours.first_events(unknown).values()
        if not page.cursor:
            return
        query = OrderQuery(source=source, start=query.start, limit=OUR_PAGE, cursor=page.cursor)


def _name(mapper: Mapper, raw: RawOrder) -> str:
    """The external id of a row that cannot be mapped, if at least that can be read; else its key."""
    try:
        return mapper.external_id(raw)
    except BadRow:
        return " ".join(str(value).strip() for value in raw.key)
