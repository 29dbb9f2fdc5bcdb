"""One poll of one source, from the lease to the report: the same in Lambda and beside the ERP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.errors import Misconfigured, PermanentError, TransientError
from poller.errors import IntakeUnavailable, LeaseLost, SchemaChanged
from poller.polling.passes import run_pass, stamped
from poller.polling.quarantine import retry_quarantined
from poller.polling.services import PollCounts, PollOutcome, PollReport, PollServices
from poller.polling.session import Deadline, Session, open_session
from poller.polling.snapshot import run_nulls, run_snapshot
from poller.source.blackout import in_blackout
from poller.source.file import LoadedSource
from poller.state.ports import Lease

FOREVER_MS = 10**9

ANSWERED: frozenset[PollOutcome] = frozenset({"finished", "stopped", "settling", "schema-changed", "misconfigured"})
"""After these the ERP is told what became of its orders: it was reached, and the lease is ours."""


def no_limit() -> int:
    """`remaining_ms` of a process that nobody stops."""
    return FOREVER_MS


def poll_source(loaded: LoadedSource, services: PollServices, remaining_ms: Callable[[], int] = no_limit) -> PollReport:
    """Poll once. Never raises for what one source may suffer: the report's outcome says it; others go on.

    Killed at any point it loses nothing: the watermark moves after the orders are durably accepted, not before.
    Logs one line, whatever the outcome: nobody else needs to.
    """
    report = _poll(loaded, services, remaining_ms)
    _log(services, report)
    if services.answer is not None and report.outcome in ANSWERED:
        services.answer(loaded, remaining_ms)
    return report


def _poll(loaded: LoadedSource, services: PollServices, remaining_ms: Callable[[], int]) -> PollReport:
    source, now = loaded.source, services.clock.now()
    memory = services.memory_of(source.name)
    if not source.enabled:
        return PollReport(source.name, "disabled", PollCounts())
    if in_blackout(source, now):
        return PollReport(source.name, "blackout", PollCounts())
    if not memory.breaker.allows(now):
        return PollReport(
            source.name, "circuit-open", PollCounts(), f"the ERP is left alone until {memory.breaker.open_until}"
        )
    try:
        lease = services.watermarks.acquire(
            source.name, services.ids.token(), now, timedelta(seconds=source.paging.lease_s)
        )
    except TransientError as error:
        return PollReport(source.name, "intake-unavailable", PollCounts(), str(error))
    if lease is None:
        return PollReport(source.name, "busy", PollCounts())
    deadline = Deadline(services, remaining_ms, now + timedelta(seconds=source.paging.time_budget_s))
    return _leased(loaded, services, lease, deadline)


def _leased(loaded: LoadedSource, services: PollServices, lease: Lease, deadline: Deadline) -> PollReport:
    name, counts = loaded.source.name, PollCounts()
    memory = services.memory_of(name)
    outcome: PollOutcome
    try:
        session = open_session(loaded, services, lease, deadline)
        counts = session.process.counts
        with session.process:
            outcome = _read(session)
        memory.breaker.success()
        services.watermarks.release(session.lease)
        return PollReport(name, outcome, counts)
    except LeaseLost as error:
        outcome, detail = "lease-lost", str(error)
    except IntakeUnavailable as error:
        outcome, detail = "intake-unavailable", str(error)
    except SchemaChanged as error:
        outcome, detail = "schema-changed", str(error)
        _note(services, lease, detail)
    except PermanentError as error:
        outcome, detail = "misconfigured", str(error)
    except TransientError as error:
        outcome, detail = "intake-unavailable", str(error)
        if getattr(error, "dependency", "").startswith("ERP "):  # not our own tables
            outcome = "unavailable"
            memory.breaker.failure(services.clock.now())
    _disconnect(services, name)
    _release(services, lease)
    return PollReport(name, outcome, counts, detail)


def _read(session: Session) -> PollOutcome:
    cursor = session.loaded.source.cursor
    retry_quarantined(session)
    if cursor.mode == "snapshot":
        return run_snapshot(session, stamped)
    outcome = run_pass(session)
    if outcome == "finished" and cursor.nulls == "read" and cursor.mode in ("timestamp+id", "rowversion"):
        return "finished" if run_nulls(session) else "stopped"
    return outcome


def _note(services: PollServices, lease: Lease, detail: str) -> None:
    """Write the alarm beside the watermark, which itself stays where it is."""
    try:
        watermark = services.watermarks.load(lease.source)
        services.watermarks.save(lease, replace(watermark, stopped=detail), services.clock.now())
    except (TransientError, Misconfigured):
        return  # the report carries the alarm as well


def _disconnect(services: PollServices, name: str) -> None:
    """After an error nobody knows what state the connection is in."""
    memory = services.memory_of(name)
    if memory.connection is not None:
        memory.connection.close()
        memory.connection = None


def _release(services: PollServices, lease: Lease) -> None:
    try:
        services.watermarks.release(lease)
    except TransientError:
        return  # it expires by itself


def _log(services: PollServices, report: PollReport) -> None:
    counts = report.counts
    fields = {
        "source": report.source,
        "outcome": report.outcome,
        "detail": report.detail,
        **{name: getattr(counts, name) for name in PollCounts.__dataclass_fields__},
    }
    if report.outcome in ("schema-changed", "misconfigured"):
        services.log.error("source stopped", extra=fields)
    elif report.failed:
        services.log.warning("poll failed", extra=fields)
    else:
        services.log.info("polled", extra=fields)
