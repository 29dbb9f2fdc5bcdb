"""What the commands work with: source files, the application's stores, and where to print. Registers no command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from chalicelib.acknowledgements.outbox import Outbox
from chalicelib.domain.errors import Misconfigured
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Projection
from poller.database.connection import ErpConnection, connect
from poller.database.secrets import secrets_manager
from poller.polling.services import PollServices
from poller.reconciliation import FirstEvents
from poller.source.file import LoadedSource, load_source
from poller.source.model import Source
from poller.state.ports import Findings, Quarantined
from poller.wiring import configured_sources, services_of

QUARANTINE_PAGE = 100


@dataclass(frozen=True, slots=True)
class CommandContext:
    """The application's side of a source."""

    services: PollServices
    outbox: Outbox
    repository: OrderRepository
    projection: Projection
    first_events: FirstEvents


@dataclass(frozen=True, slots=True)
class Context:
    """`stores` is called only by commands that need AWS: `check` and `discover` run without it."""

    stores: Callable[[], CommandContext]
    environ: Mapping[str, str]
    secret: Callable[[str], str]
    now: Callable[[], datetime]
    out: TextIO
    ask: Callable[[str], str]

    def print(self, text: str) -> None:
        print(text, file=self.out)

    def connect(self, source: Source, writable: bool = False) -> ErpConnection:
        return connect(source, self.environ, self.secret, writable)

    def sources(self, options: argparse.Namespace) -> tuple[LoadedSource, ...]:
        return configured_sources(self.environ, options.source_dir)

    def source(self, options: argparse.Namespace) -> LoadedSource:
        """The one that SOURCE names: a source's name, or a path of a file. Raises Misconfigured, InvalidSourceFile."""
        if options.source.endswith(".toml"):
            return load_source(Path(options.source))
        loaded = self.sources(options)
        for item in loaded:
            if item.source.name == options.source:
                return item
        known = ", ".join(item.source.name for item in loaded) or "none"
        raise Misconfigured(f"no source {options.source}; known are: {known}. A path of a file works too")


def default_context() -> Context:
    """For the command line: AWS as the environment says, and only when it is needed."""

    def secret(name: str) -> str:
        from chalicelib.wiring.application import application

        return secrets_manager(application().client("secretsmanager"))(name)

    return Context(_stores, os.environ, secret, lambda: datetime.now(UTC), sys.stdout, input)


def _stores() -> CommandContext:
    from chalicelib.adapters.dynamodb.events.first_events import DynamoDbFirstEvents
    from chalicelib.wiring.application import application

    app = application()
    first = DynamoDbFirstEvents(app.client("dynamodb"), app.settings.name("events"), app.clock, app.ids)
    return CommandContext(services_of(app), app.outbox, app.repository("WriteBack"), app.projection, first)


def add_source(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """The arguments that name a source."""
    text = "the source's name, or the path of its .toml file"
    if required:
        parser.add_argument("source", metavar="SOURCE", help=text)
    parser.add_argument("--source-dir", type=Path, default=None, help="directory of source files (*.toml)")


def add_period(parser: argparse.ArgumentParser) -> None:
    """--from and --to: the period of the orders' own time."""
    text = "time of the order, such as 2026-11-23 or 2026-11-23T10:00+01:00 (UTC unless an offset says otherwise)"
    parser.add_argument("--from", dest="start", type=parse_cli_time, required=True, help=text)
    parser.add_argument("--to", dest="end", type=parse_cli_time, required=True, help="the same; not included")


def quarantined(findings: Findings, source: str, most: int = 10_000) -> Iterator[Quarantined]:
    """Entry by entry, read in small pages: each holds a whole row."""
    after, left = "", most
    while left > 0:
        page = findings.quarantined(source, min(QUARANTINE_PAGE, left), after)
        yield from page
        if len(page) < QUARANTINE_PAGE:
            return
        after, left = page[-1].key, left - len(page)


def parse_cli_time(text: str) -> datetime:
    """A time from the command line, in UTC. Raises ValueError, which argparse reports."""
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
