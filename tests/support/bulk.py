"""Bulk intake on fakes in memory, and its state machine played by hand: every function call is a step of a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.memory import MemoryInventory, MemoryReferenceData
from chalicelib.adapters.memory.batches import (
    MemoryBulkEngine,
    MemoryFiles,
    MemoryLedger,
    MemoryMappings,
    MemoryOrderRows,
)
from chalicelib.api.openapi.examples import ORDER
from chalicelib.batches.accept_line import AcceptLine
from chalicelib.batches.accounting import counted
from chalicelib.batches.model import Batch, BatchCounts, Expected, Format, Upload
from chalicelib.batches.pages.worker import PageWorker
from chalicelib.batches.rehearse_line import RehearseLine
from chalicelib.batches.report import MakeReport
from chalicelib.batches.service import NOT_SAID, BatchService
from chalicelib.batches.split import SplitFile
from chalicelib.batches.start import StartBatch
from chalicelib.domain.errors import Reason
from chalicelib.domain.events import OrderConfirmed, OrderRejected, RejectionDecided
from chalicelib.orders.accept import Intake
from chalicelib.orders.rehearse import Rehearse
from chalicelib.ports import OrderRow
from tests.support.builders import CUSTOMER, GADGET, WIDGET
from tests.support.operations import TIMEOUT, FakeApplication

SOURCE = "sap-emea"
MAX_CALLS = 1000


def order(number: int, **changes: Any) -> dict[str, Any]:
    """A valid order of its own number."""
    return {**ORDER, "external_id": f"SO-{number:06}", **changes}


def jsonl(orders: Iterable[Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in orders).encode()


@dataclass
class BulkBench:
    """`outcome` says how the orders that run now end when the machine waits; by default all are confirmed."""

    fakes: FakeApplication = field(default_factory=FakeApplication)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    files: MemoryFiles = field(default_factory=MemoryFiles)
    mappings: MemoryMappings = field(default_factory=MemoryMappings)
    engine: MemoryBulkEngine = field(default_factory=MemoryBulkEngine)
    reference: MemoryReferenceData = field(default_factory=lambda: MemoryReferenceData([CUSTOMER], [WIDGET, GADGET]))
    window: int = 5

    def __post_init__(self) -> None:
        self.ended: set[str] = set()
        self.outcome: Callable[[BulkBench, str], None] = BulkBench.confirm
        self.most_in_flight = 0
        self.inventory = MemoryInventory(self.fakes.events)

    @property
    def start(self) -> StartBatch:
        return StartBatch(self.ledger, self.files, self.mappings, self.engine, self.fakes.clock)

    @property
    def orders(self) -> MemoryOrderRows:
        return MemoryOrderRows(self.fakes.projection)

    @property
    def service(self) -> BatchService:
        orders = self.fakes
        return BatchService(self.ledger, self.files, self.orders, self.start, orders.clock, orders.ids)

    @property
    def worker(self) -> PageWorker:
        orders = self.fakes
        return PageWorker(
            self.ledger,
            self.files,
            AcceptLine(Intake(orders.repository("Intake"), orders.workflow)),
            RehearseLine(Rehearse(orders.events, self.reference, self.inventory, orders.clock)),
            _LiveRows(self),
            orders.commands,
            orders.clock,
            orders.ids,
            self.window,
        )

    def upload(
        self,
        data: bytes,
        kind: str = "jsonl",
        encoding: str = "utf-8",
        mapping: str = "default",
        expected: Expected = NOT_SAID,
        dry_run: bool = False,
    ) -> Upload:
        """A file is sent and its notice handled; the upload as it then is."""
        upload, _ = self.service.offer(SOURCE, Format(kind), encoding, mapping, expected, dry_run)
        self.files.put(upload.key, data)
        self.start(upload.key)
        found = self.ledger.upload(upload.upload_id)
        assert found is not None
        return found

    def started(self, data: bytes, kind: str = "jsonl", **more: Any) -> Batch:
        """As upload(), for a file that can be read; its batch."""
        upload = self.upload(data, kind, **more)
        assert upload.batch_id, upload.problem
        return self.batch(upload.batch_id)

    def batch(self, batch_id: str) -> Batch:
        batch = self.ledger.batch(batch_id)
        assert batch is not None
        return batch

    def split(self, batch: Batch) -> Batch:
        calls, split = 0, SplitFile(self.ledger, self.files, self.fakes.clock)
        done = split(self.batch(batch.batch_id))
        while done.state == "more":
            calls += 1
            assert calls < MAX_CALLS
            done = split(self.batch(batch.batch_id), done.pages)
        return self.batch(batch.batch_id)

    def work(self, batch: Batch) -> None:
        """All pages to their end, one after the other."""
        for number in range(1, batch.pages + 1):
            for _ in range(MAX_CALLS):
                progress = self.worker(batch.batch_id, number)
                if progress.done:
                    break
                self.fakes.clock.sleep(progress.wait_s)

    def report(self, batch: Batch) -> list[dict[str, Any]]:
        """The batch is closed; the lines of its report."""
        orders = self.fakes
        MakeReport(self.ledger, self.files, self.orders, orders.clock)(self.batch(batch.batch_id))
        self.engine.ended.add((batch.batch_id, self.batch(batch.batch_id).attempt))
        text = self.files.objects[f"batches/{batch.batch_id}/report.jsonl"].decode()
        return [json.loads(line) for line in text.splitlines()]

    def run(self, batch: Batch) -> list[dict[str, Any]]:
        """The whole state machine; the lines of the report."""
        batch = self.split(batch)
        self.work(batch)
        return self.report(batch)

    def counts(self, batch: Batch) -> BatchCounts:
        return counted(self.ledger.pages(batch.batch_id))

    # what becomes of an order

    def confirm(self, order_id: str) -> None:
        repository, found = self.fakes.repository(), self.fakes.order(order_id)
        repository.append(found, OrderConfirmed("CN-1"))

    def reject(self, order_id: str) -> None:
        repository, reasons = self.fakes.repository(), (Reason("insufficient_stock", "sold out"),)
        found = repository.append(
            self.fakes.order(order_id), RejectionDecided("ReserveInventory", "InsufficientStock", reasons)
        )
        repository.append(found, OrderRejected(reasons))

    def park(self, order_id: str) -> None:
        self.fakes.park(order_id, TIMEOUT)

    def leave(self, order_id: str) -> None:
        """It goes on running."""


class _LiveRows:
    """Looking at orders lets time pass for them: what was seen running once has ended at the next look."""

    def __init__(self, bench: BulkBench) -> None:
        self._bench = bench

    def rows(self, order_ids: Any) -> dict[str, OrderRow]:
        bench, orders = self._bench, self._bench.fakes
        running = [order_id for order_id in order_ids if not orders.order(order_id).outcome]
        bench.most_in_flight = max(bench.most_in_flight, len(running))
        for order_id in running:
            if order_id in bench.ended:
                bench.outcome(bench, order_id)
            bench.ended.add(order_id)
        for order_id in order_ids:
            orders.project(order_id)
        return dict(bench.orders.rows(order_ids))
