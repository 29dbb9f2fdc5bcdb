"""Batches on the local AWS: `python -m bench.bulk scale|faults|kill|engine [--lines N ...] [--latency]`. Prints JSON.

scale   files of these sizes, one after the other in one system: lines per second, memory, calls, transitions
faults  a file, with payment down for a while in the middle; the accounting and every line of the report are checked
kill    the bulk execution is stopped in the middle and the file is sent again; the same checks
engine  maps whose functions return at once, as many at a time as a batch has, and a batch: the engine's own limit

With --latency single orders are pushed beside the batch, after as many on the idle system.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.bulk_figures import calls_per_line, transitions, watched_memory
from bench.bulk_run import checked, run, until
from bench.engine_limit import engine
from chalicelib.adapters.fault_injection.switches import Mode, Switch
from chalicelib.adapters.payments import DEPENDENCY as PAYMENT
from local.client.submit_batch import ENDED, send, standing
from local.emulator.call_counter import calls_of
from local.sample.batch import batch_file
from local.sample.stream import order_at
from tests.support.e2e.deployed import Deployed, deployed

PROBES = 25
OUTAGE = timedelta(seconds=20)

Result = dict[str, Any]


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="?", default="engine", choices=("scale", "faults", "kill", "engine"))
    parser.add_argument("--lines", type=int, nargs="+", default=[1000])
    parser.add_argument("--latency", action="store_true")
    options = parser.parse_args(given)
    exact = True
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder, deployed(Path(folder)) as system:
        warm_up(system)
        for result in measured(system, options.what, options.lines, options.latency):
            exact = exact and result["exact"]
            print(json.dumps({"what": options.what, **result}), flush=True)
    return 0 if exact else 1


def measured(system: Deployed, what: str, sizes: Sequence[int], latency: bool) -> Iterator[Result]:
    for lines in sizes:
        if what == "scale":
            yield scale(system, lines, latency)
        elif what == "faults":
            yield faults(system, lines, latency)
        else:
            yield {"kill": kill, "engine": engine}[what](system, lines)


def warm_up(system: Deployed) -> None:
    """Workers are started and modules imported before anything is measured."""
    run(system, 150)


def scale(system: Deployed, lines: int, latency: bool, in_the_middle: Callable[[], object] | None = None) -> Result:
    idle = probes(system, lines, "idle") if latency else []
    beside: list[float] = []
    before = calls_of(system.aws.endpoint_url)
    with watched_memory(system) as memory:
        at_start = (lambda: beside.extend(probes(system, lines, "beside"))) if latency else None
        ran = run(system, lines, at_start, in_the_middle)
    calls = calls_of(system.aws.endpoint_url) - before
    return {
        **ran,
        **medians(idle, beside),
        "peak_mb": memory,
        **calls_per_line(calls, lines),
        **transitions(system, ran["batch_id"], lines),
    }


def faults(system: Deployed, lines: int, latency: bool) -> Result:
    def outage() -> None:
        until = system.app.clock.now() + OUTAGE
        system.app.switches.on(Switch(PAYMENT, Mode.UNAVAILABLE, until=until))

    return {"outage_s": OUTAGE.total_seconds(), **scale(system, lines, latency, outage)}


def kill(system: Deployed, lines: int) -> Result:
    data, expected = batch_file(7, lines)
    sent = send(system.api, data, "jsonl")
    until(system, sent, lambda batch: batch["counts"]["received"] >= lines // 2)
    batch = standing(system.api, sent)
    arn = f"{system.settings.bulk_state_machine_arn.replace(':stateMachine:', ':execution:')}:{batch['batch_id']}-1"
    system.aws.client("stepfunctions").stop_execution(executionArn=arn, error="Killed")
    at_kill = standing(system.api, sent)["counts"]
    sent = send(system.api, data, "jsonl")
    batch = until(system, sent, lambda batch: batch["state"] in ENDED)
    return {"lines": lines, "killed_at": at_kill, "attempts": batch["attempts"], **checked(system, batch, expected)}


def probes(system: Deployed, seed: int, name: str) -> list[float]:
    """Seconds from the push of a single order to its confirmation, one after the other."""
    found: list[float] = []
    for number in range(PROBES):
        payload = {**order_at(1, number).payload, "external_id": f"PROBE-{seed}-{name}-{number}"}
        began = time.monotonic()
        system.outcome(system.submit(payload))
        found.append(time.monotonic() - began)
    return found


def medians(idle: list[float], beside: list[float]) -> Result:
    if not idle or not beside:
        return {}
    idle_ms, beside_ms = (round(statistics.median(each) * 1000) for each in (idle, beside))
    return {"single_idle_ms": idle_ms, "single_beside_ms": beside_ms, "ratio": round(beside_ms / idle_ms, 2)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
