"""The late-commit storm: an ERP at its worst, and pollers that are killed at random while they read it.

Writers hold transactions open for a random time, stamp rows with clocks that are wrong by up to `skew_s`, share stamps
(whole seconds), roll some transactions back, and commit in any order. Pollers are real processes, two at once, ended
with SIGKILL. In the end every committed order must have been accepted exactly once, in every mode that promises it.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.sqlite_state import SqliteState
from bench.storm_plan import SCHEMA, Outcome, Plan, Report, source_file
from bench.storm_processes import Killer, Writer
from tests.support.databases import SERVERS, Server


def run_storm(plan: Plan) -> Report:
    """Raise the storm, let it pass, count."""
    server = SERVERS[plan.dialect]()
    server.script(*SCHEMA[plan.dialect])
    report, lock, began = Report(plan), threading.Lock(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="orderbridge-storm-") as folder:
        sources = Path(folder, "sources")
        sources.mkdir()
        for name, cursor in plan.modes().items():
            (sources / f"{name}.toml").write_text(source_file(plan, name, cursor, server.odbc))
        state_file = Path(folder, "state.db")
        SqliteState(state_file).close()
        command = [sys.executable, "-m", "bench.storm", str(sources), str(state_file)]
        killer = Killer(plan, command, report)
        writers = [Writer(plan, server, number, report, lock) for number in range(plan.writers)]
        killer.start()
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        killer.killing = False
        _settle(plan, server, state_file)
        killer.end()
        for failure in (writer.failure for writer in writers):
            if failure is not None:
                raise failure
        report.outcomes = {name: _outcome(server, state_file, name) for name in plan.modes()}
    tables = ("orders", "lines" if plan.dialect == "postgresql" else "`lines`")
    server.script(*(f"DROP TABLE {table}" for table in tables))
    report.seconds = time.monotonic() - began
    return report


def _settle(plan: Plan, server: Server, state_file: Path) -> None:
    """Until every promising source has all, or no more arrive for a while."""
    committed, state = len(_committed(server)), SqliteState(state_file)
    quiet_since, before = time.monotonic(), -1
    while time.monotonic() - quiet_since < 120 + 5 * plan.interval_s:
        counts = {name: len(state.accepted(name)) for name in plan.modes()}
        if all(count >= committed for name, count in counts.items() if not name.startswith("careless")):
            break
        if sum(counts.values()) != before:
            quiet_since, before = time.monotonic(), sum(counts.values())
        time.sleep(0.5)
    state.close()


def _committed(server: Server) -> set[str]:
    connection = server.connect()
    found = {str(row[0]) for row in connection.cursor().execute("SELECT id FROM orders").fetchall()}
    connection.close()
    return found


def _outcome(server: Server, state_file: Path, name: str) -> Outcome:
    state = SqliteState(state_file)
    accepted, committed = state.accepted(name), _committed(server)
    state.close()
    return Outcome(
        committed=len(committed),
        accepted=len(accepted),
        missing=len(committed - accepted.keys()),
        extra=len(accepted.keys() - committed),
        doubled=sum(times > 1 for times, _, _ in accepted.values()),
        repeated=sum(repeated for _, repeated, _ in accepted.values()),
        conflicts=sum(conflicts for _, _, conflicts in accepted.values()),
    )


def poll_forever(sources: Path, state_file: Path) -> None:
    """The poller process: `python -m poller run`, with its state and orders in the shared file."""
    import logging

    from chalicelib.adapters.system import SystemClock, SystemIds
    from poller.database.connection import connect
    from poller.polling.service import Service, stop_on_signals
    from poller.polling.services import PollServices
    from poller.source.file import load_sources

    logging.basicConfig(format="%(message)s %(source)s %(detail)s", level=logging.ERROR)
    state = SqliteState(state_file)
    services = PollServices(
        intake=state,
        watermarks=state,
        findings=state,
        snapshots=state,
        clock=SystemClock(),
        ids=SystemIds(),
        log=logging.getLogger("storm"),
        connect=connect,
        connect_writable=lambda source: connect(source, writable=True),
    )
    loaded = list(load_sources(sources))
    random.SystemRandom().shuffle(loaded)
    service = Service(loaded, services)
    stop_on_signals(service)
    service.run()


if __name__ == "__main__":
    poll_forever(Path(sys.argv[1]), Path(sys.argv[2]))
