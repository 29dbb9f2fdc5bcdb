"""Deals with the orders of a page: maps them, hands them to accept(), and writes down those that do not pass."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from chalicelib.domain.errors import CorruptHistory, EventTooLarge, TransientError
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Status
from chalicelib.orders.accept import Accepted
from chalicelib.orders.again import ASKED, OrderConflict
from poller.errors import BadRow, Fault, IntakeUnavailable
from poller.polling.row_version import correlation_id_of, terms_of
from poller.polling.services import PollCounts, PollServices
from poller.reading.convert import content_of
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder
from poller.source.file import LoadedSource
from poller.state.codec import encode_value, key_text
from poller.state.ports import Changed, Quarantined

CHANNEL = "poller"
MAX_ROW_CHARACTERS = 100_000
MAX_REASONS = 20
MAX_QUARANTINED_KEYS = 10_000
"""Kept in mind during a poll, to take a row out of quarantine when it passes."""

Verdict = Accepted | OrderConflict | BadRow


@dataclass(slots=True)
class Processor:
    """For one poll of one source; a context manager, for its threads. Counts what it does in `counts`.

    `quarantined`: key -> (hash of the row, fingerprint of the source file) when it was last tried. `asked`: a person
    wants these orders, so that closed ones begin anew even if their rows are as they were.
    """

    loaded: LoadedSource
    mapper: Mapper
    services: PollServices
    quarantined: dict[str, tuple[str, str]]
    counts: PollCounts = field(default_factory=PollCounts)
    asked: bool = False
    _pool: ThreadPoolExecutor | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        workers = self.loaded.source.paging.accept_workers
        if workers > 1:
            self._pool = self._stack.enter_context(ThreadPoolExecutor(workers, "accept"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __call__(self, orders: Sequence[RawOrder]) -> list[RawOrder]:
        """Deal with every order; when it returns, each is durably accepted or written down. The accepted ones.

        Raises IntakeUnavailable: some were accepted, some not; all are read again.
        """
        ready: list[tuple[RawOrder, OrderContent]] = []
        verdicts: list[tuple[RawOrder, Verdict]] = []
        for order in orders:
            try:
                ready.append((order, content_of(self.mapper, order, self.services.clock.now())))
            except BadRow as error:
                verdicts.append((order, error))
        answers = self._pool.map(self._accept, ready) if self._pool else map(self._accept, ready)
        try:
            verdicts += [(order, verdict) for (order, _), verdict in zip(ready, answers, strict=True)]
        except TransientError as error:
            raise IntakeUnavailable(self.loaded.source.name, error) from error
        return [order for order, verdict in verdicts if self._settle(order, verdict)]

    def _accept(self, read: tuple[RawOrder, OrderContent]) -> Verdict:
        order, content = read
        try:
            if self.asked:
                return self.services.intake.accept(content, self.services.ids.token(), CHANNEL, ASKED)
            own, terms = correlation_id_of(self.loaded, order), terms_of(self.loaded.source)
            return self.services.intake.accept(content, own, CHANNEL, terms)
        except OrderConflict as conflict:
            return conflict
        except (EventTooLarge, CorruptHistory) as error:
            return BadRow((Fault("order", "", str(error)),))

    def _settle(self, order: RawOrder, verdict: Verdict) -> bool:
        """Write down what is not simply accepted; whether the ERP's row may be acknowledged."""
        if isinstance(verdict, BadRow):
            self._quarantine(order, verdict.faults)
            return False
        key = key_text(order.key)
        if isinstance(verdict, OrderConflict):
            if verdict.order.outcome is not Status.CONFIRMED:
                self._wait(order, key, verdict)
                return True
            self._record_change(order, key, verdict)
        elif verdict.replayed:
            self.counts.replayed += 1
        else:
            self.counts.accepted += 1
        if self.quarantined.pop(key, None) is not None:
            self.services.findings.release(self.loaded.source.name, key)
        return True

    def _quarantine(self, order: RawOrder, faults: Iterable[Fault]) -> None:
        self.counts.quarantined += 1
        now, key, source = self.services.clock.now(), key_text(order.key), self.loaded.source.name
        reasons = tuple(str(fault) for fault in faults)[:MAX_REASONS]
        row_hash = order.row_hash().hex()
        entry = Quarantined(source, key, reasons, self._row(order), row_hash, self.loaded.fingerprint, now, now)
        self.services.findings.quarantine(entry)
        if len(self.quarantined) < MAX_QUARANTINED_KEYS:
            self.quarantined[key] = (row_hash, self.loaded.fingerprint)
        columns = sorted({fault.column for fault in faults if fault.column})
        self.services.log.warning("row quarantined", extra={"source": source, "columns": columns})

    def _wait(self, order: RawOrder, key: str, conflict: OrderConflict) -> None:
        """The accepted order may still be closed, and then the row as it is now is wanted: each poll tries it."""
        waiting = ("", self.loaded.fingerprint)
        if self.quarantined.get(key) == waiting:
            return
        self._record_change(order, key, conflict)
        now, source = self.services.clock.now(), self.loaded.source.name
        reason = f"it differs from order {conflict.order.order_id}: {conflict.advice}; it is tried again by itself"
        entry = Quarantined(source, key, (reason,), self._row(order), *waiting, now, now)
        self.services.findings.quarantine(entry)
        if len(self.quarantined) < MAX_QUARANTINED_KEYS:
            self.quarantined[key] = waiting

    def _record_change(self, order: RawOrder, key: str, conflict: OrderConflict) -> None:
        self.counts.changed += 1
        now, accepted, source = self.services.clock.now(), conflict.order, self.loaded.source.name
        fields = tuple(difference.field for difference in conflict.differences)
        external_id = accepted.content.external_id
        change = Changed(source, key, accepted.order_id, external_id, fields, order.row_hash().hex(), now, now)
        self.services.findings.record_change(change)
        self.services.log.warning(
            "row changed after its order was accepted",
            extra={"source": source, "order_id": accepted.order_id, "fields": list(fields)},
        )

    def _row(self, order: RawOrder) -> str:
        """The row as JSON, bounded: of a huge one the header and the first lines."""
        queries = self.mapper.queries
        header = dict(zip(queries.header_columns, map(encode_value, order.header), strict=False))
        lines = [dict(zip(queries.line_columns, map(encode_value, line), strict=False)) for line in order.lines]
        text = json.dumps({"header": header, "lines": lines})
        if len(text) > MAX_ROW_CHARACTERS:
            text = json.dumps({"header": header, "lines": lines[:10], "lines_in_all": len(lines)})
        return text[:MAX_ROW_CHARACTERS]
