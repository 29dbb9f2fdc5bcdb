"""Bulk intake: the service behind the API, and what the functions around the bulk state machine run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.control.batches import DynamoDbLedger, DynamoDbOrderRows
from chalicelib.adapters.s3.batches import S3Files, S3Mappings

if TYPE_CHECKING:
    from chalicelib.batches.pages.worker import PageWorker
    from chalicelib.batches.report import MakeReport
    from chalicelib.batches.reporting.ended import AnnounceEnd
    from chalicelib.batches.service import BatchService
    from chalicelib.batches.split import SplitFile
    from chalicelib.batches.start import StartBatch
    from chalicelib.wiring.orders import Orders


class Batches:
    """Made from the rest of the application when it is first used."""

    def __init__(self, app: Orders, announce: Callable[[], AnnounceEnd]) -> None:
        self._app = app
        self._announce = announce

    @cached_property
    def ledger(self) -> DynamoDbLedger:
        return DynamoDbLedger(self._app.client("dynamodb"), self._app.settings.name("control"), self._app.clock)

    @cached_property
    def files(self) -> S3Files:
        return S3Files(self._app.client("s3"), self._app.settings.bucket("batches"))

    @cached_property
    def mappings(self) -> S3Mappings:
        return S3Mappings(self._app.client("s3"), self._app.settings.bucket("reference"))

    @cached_property
    def orders(self) -> DynamoDbOrderRows:
        app = self._app
        return DynamoDbOrderRows(app.client("dynamodb"), app.settings.name("orders"), app.clock, app.ids)

    @cached_property
    def start(self) -> StartBatch:
        from chalicelib.adapters.step_functions import StepFunctionsBulkEngine
        from chalicelib.batches.start import StartBatch

        engine = StepFunctionsBulkEngine(self._app.client("stepfunctions"), self._app.settings.bulk_state_machine_arn)
        return StartBatch(self.ledger, self.files, self.mappings, engine, self._app.clock)

    @cached_property
    def split(self) -> SplitFile:
        from chalicelib.batches.split import SplitFile

        return SplitFile(self.ledger, self.files, self._app.clock)

    @cached_property
    def work_on_page(self) -> PageWorker:
        from chalicelib.batches.accept_line import AcceptLine
        from chalicelib.batches.pages.worker import PageWorker
        from chalicelib.batches.rehearse_line import RehearseLine

        app = self._app
        return PageWorker(
            ledger=self.ledger,
            files=self.files,
            accept=AcceptLine(app.intake),
            rehearse=RehearseLine(app.rehearse),
            orders=self.orders,
            commands=app.commands,
            clock=app.clock,
            ids=app.ids,
            window=app.settings.bulk_window,
        )

    @cached_property
    def report(self) -> MakeReport:
        from chalicelib.batches.report import MakeReport

        return MakeReport(self.ledger, self.files, self.orders, self._app.clock)

    @cached_property
    def announce_end(self) -> AnnounceEnd:
        return self._announce()

    @cached_property
    def service(self) -> BatchService:
        from chalicelib.batches.service import BatchService

        return BatchService(self.ledger, self.files, self.orders, self.start, self._app.clock, self._app.ids)
