"""Builds `PollServices` for a process: state in DynamoDB, orders to the application's intake, secrets from AWS."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from poller.database.connection import ErpConnection, connect
from poller.database.secrets import secrets_manager
from poller.polling.services import PollServices
from poller.source.file import SHIPPED_SOURCES, LoadedSource, load_sources
from poller.source.model import Source
from poller.state.dynamodb import DynamoDbWatermarks
from poller.state.dynamodb_findings import DynamoDbFindings
from poller.state.dynamodb_snapshots import DynamoDbSnapshots
from poller.write_back.after_poll import Answers
from poller.write_back.reconcile import ReconcileOutbox

if TYPE_CHECKING:
    from chalicelib.wiring.application import Application

SOURCES_VARIABLE = "ORDERBRIDGE_POLLER_SOURCES"
"""A directory with source files, instead of the shipped `poller/sources`."""


def services_of(app: Application, environ: Mapping[str, str] = os.environ) -> PollServices:
    """Everything wired to the stage of `app`. Connects to nothing yet."""
    table, client = app.settings.name("control"), app.client("dynamodb")

    def secret(name: str) -> str:
        return secrets_manager(app.client("secretsmanager"))(name)

    def reading(source: Source) -> ErpConnection:
        return connect(source, environ, secret)

    def writing(source: Source) -> ErpConnection:
        return connect(source, environ, secret, writable=True)

    log = logging.getLogger("orderbridge.poller")
    write_back = app.repository("WriteBack")
    reconcile = ReconcileOutbox(app.projection, write_back, app.outbox, app.clock)
    watermarks = DynamoDbWatermarks(client, table)
    return PollServices(
        intake=app.intake,
        watermarks=watermarks,
        findings=DynamoDbFindings(client, table),
        snapshots=DynamoDbSnapshots(client, table),
        clock=app.clock,
        ids=app.ids,
        log=log,
        connect=reading,
        connect_writable=writing,
        answer=Answers(app.outbox, write_back, app.clock, app.ids, watermarks, log, writing, reconcile),
    )


def configured_sources(environ: Mapping[str, str], directory: Path | None = None) -> tuple[LoadedSource, ...]:
    """From `directory`, else from ORDERBRIDGE_POLLER_SOURCES, else the shipped ones. Raises InvalidSourceFile."""
    return load_sources(directory or Path(environ.get(SOURCES_VARIABLE) or SHIPPED_SOURCES))
