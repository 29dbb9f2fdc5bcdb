"""Batches on the local AWS: `python -m bench.bulk scale|faults|kill|engine|calls [--lines N] [--latency]`. Prints JSON.

scale   a file of N lines: lines per second, transitions per line, memory of the intake's functions
faults  the same, with payment down for a while in the middle; the accounting and every line of the report are checked
kill    the bulk execution is stopped in the middle and the file is sent again; the same checks
engine  the order workflow with functions that return at once, as many at a time as a batch has: the engine's own limit
calls   AWS calls per line of the intake's functions, counted in this process

With --latency single orders are pushed beside the batch, after as many on the idle system.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from chalicelib.adapters.fault_switches import Mode, Switch
from chalicelib.adapters.payments import DEPENDENCY as PAYMENT
from chalicelib.batches.model import Batch, Format
from chalicelib.batches.start import LARGE_PAGE_LINES
from chalicelib.bootstrap import Application
from chalicelib.deploy.stages import STAGES
from chalicelib.workflow import bulk
from chalicelib.workflow.definition import definition
from chalicelib.workflow.table import ALL_STEPS
from local.sample.batch import batch_file
from local.sample.draft import SOURCE
from local.sample.stream import order_at
from local.submit_batch import ENDED, Sent, outcomes, report, send, standing
from tests.e2e.deployed import Deployed, deployed

INTAKE = ("start_batch", bulk.SPLIT, bulk.WORK, bulk.REPORT)
SETTLE_TIMEOUT_S = 3000
PROBES = 25
OUTAGE = timedelta(seconds=20)


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="?", default="engine", choices=("scale", "faults", "kill", "engine", "calls"))
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--latency", action="store_true")
    arguments = parser.parse_args(given)
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder, deployed(Path(folder)) as system:
        warm_up(system)
        measured = {"scale": scale, "faults": faults, "kill": kill, "engine": engine, "calls": calls}[arguments.what](
            system, arguments.lines, arguments.latency
        )
        print(json.dumps({"what": arguments.what, **measured}), flush=True)
    return 0 if measured.get("exact", True) else 1


def warm_up(system: Deployed) -> None:
    """Workers are started and modules imported before anything is measured."""
    for number in range(8):
        system.outcome(system.submit(order_at(99, number).payload))


def scale(
    system: Deployed, lines: int, latency: bool, in_the_middle: Callable[[], object] | None = None
) -> dict[str, Any]:
    idle = probes(system, 1) if latency else []
    with watched_memory(system) as memory:
        ran = run(system, lines, (lambda: probes(system, 2)) if latency else None, in_the_middle)
    beside = ran.pop("beside")
    return {**ran, **medians(idle, beside), "peak_mb": memory, **transitions(system, lines)}


def faults(system: Deployed, lines: int, latency: bool) -> dict[str, Any]:
    def outage() -> None:
        until = system.app.clock.now() + OUTAGE
        system.app.switches.on(Switch(PAYMENT, Mode.UNAVAILABLE, until=until))

    return {"outage_s": OUTAGE.total_seconds(), **scale(system, lines, latency, outage)}


def kill(system: Deployed, lines: int, _: bool) -> dict[str, Any]:
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


def run(
    system: Deployed,
    lines: int,
    beside: Callable[[], list[float]] | None = None,
    in_the_middle: Callable[[], object] | None = None,
) -> dict[str, Any]:
    """One file to its end; whether its accounting is exact."""
    data, expected = batch_file(lines, lines)
    began = time.monotonic()
    sent = send(system.api, data, "jsonl")
    until(system, sent, lambda batch: batch["counts"]["received"] > 0)
    found = beside() if beside else []
    if in_the_middle:
        until(system, sent, lambda batch: batch["counts"]["received"] >= lines // 2)
        in_the_middle()
    batch = until(system, sent, lambda batch: batch["state"] in ENDED)
    seconds = time.monotonic() - began
    rate = {"lines": lines, "bytes": len(data), "seconds": round(seconds, 1), "lines_per_s": round(lines / seconds, 1)}
    return {**rate, "beside": found, **checked(system, batch, expected)}


def until(system: Deployed, sent: Sent, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The batch as soon as the condition holds; at every look its accounting must add up."""
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while True:
        batch = standing(system.api, sent)
        counts = batch["counts"]
        assert counts["received"] == counts["accepted"] + counts["duplicate"] + counts["invalid"], counts
        parts = ("confirmed", "rejected", "cancelled", "failed", "running")
        assert counts["accepted"] == sum(counts[part] for part in parts), counts
        if condition(batch):
            return batch
        assert time.monotonic() < deadline, f"{SETTLE_TIMEOUT_S} s were not enough: {batch}"
        time.sleep(0.5)


def checked(system: Deployed, batch: dict[str, Any], expected: Counter[str]) -> dict[str, Any]:
    """Each line against what it must be. Parked orders are redriven by themselves; the report is then made anew."""
    sent = Sent(batch["links"]["self"])
    failed_at_end = batch["counts"]["failed"]
    if failed_at_end:
        until(system, sent, lambda batch: not batch["counts"]["failed"] and not batch["counts"]["running"])
        resumed = system.api.post(f"{sent.path}/resume", {"reason": "the report anew"}, role="operate")
        assert resumed.status == 202, resumed.body
        batch = until(system, sent, lambda batch: batch["state"] in ENDED)
    lines = report(batch)
    order_ids = [line["order_id"] for line in lines if line["outcome"] == "accepted"]
    return {
        "state": batch["state"],
        "counts": batch["counts"],
        "parked_at_the_end": failed_at_end,
        "report_lines": len(lines),
        "exact": outcomes(lines) == expected
        and [line["line"] for line in lines] == list(range(1, expected.total() + 1))
        and len(set(order_ids)) == len(order_ids),
    }


def probes(system: Deployed, seed: int) -> list[float]:
    """Seconds from the push of a single order to its confirmation, one after the other."""
    found: list[float] = []
    for number in range(PROBES):
        payload = {**order_at(1, number).payload, "external_id": f"PROBE-{seed}-{number}"}
        began = time.monotonic()
        system.outcome(system.submit(payload))
        found.append(time.monotonic() - began)
    return found


def medians(idle: list[float], beside: list[float]) -> dict[str, Any]:
    if not idle or not beside:
        return {}
    idle_ms, beside_ms = (round(statistics.median(each) * 1000) for each in (idle, beside))
    return {"single_idle_ms": idle_ms, "single_beside_ms": beside_ms, "ratio": round(beside_ms / idle_ms, 2)}


@contextmanager
def watched_memory(system: Deployed) -> Iterator[dict[str, int]]:
    """Function -> the largest resident set of its workers so far, in MB."""
    peaks: dict[str, int] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.25):
            for pid in system.aws.worker_pids():
                look(pid)

    def look(pid: int) -> None:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        name = next((name for name in INTAKE if name in command), None)
        resident = next((line for line in status.splitlines() if line.startswith("VmRSS")), None)
        if name and resident:
            peaks[name] = max(peaks.get(name, 0), int(resident.split()[1]) // 1024)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def transitions(system: Deployed, lines: int) -> dict[str, float]:
    """Entered states of the bulk executions and their pages, per line; an order's own workflow has four.

    The local AWS notes only the tasks of a page's execution; with each go a Choice and a Wait, or in the end a Succeed.
    """
    client, machine = system.aws.client("stepfunctions"), system.settings.bulk_state_machine_arn
    entered = 0
    for execution in _executions(client, stateMachineArn=machine):
        entered += _entered(client, execution)
        for run_ in client.list_map_runs(executionArn=execution)["mapRuns"]:
            children = _executions(client, mapRunArn=run_["mapRunArn"])
            entered += 3 * sum(_entered(client, child, "TaskScheduled") for child in children)
    return {"bulk_transitions_per_line": round(entered / lines, 4)}


def _executions(client: Any, **of: str) -> list[str]:
    pages = client.get_paginator("list_executions").paginate(**of)
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def _entered(client: Any, execution: str, kind: str = "StateEntered") -> int:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    return sum(event["type"].endswith(kind) for page in pages for event in page["events"])


def engine(system: Deployed, lines: int, _: bool) -> dict[str, Any]:
    """The engine's limit, and a batch on the same machine in the same run."""
    stage = STAGES["local"]
    in_flight = stage.bulk_pages * stage.bulk_window
    client = system.aws.client("stepfunctions")
    arns = _functions_that_return_at_once(system)
    role = system.aws.client("iam").get_role(RoleName="orderbridge-local-bulk-workflow")["Role"]["Arn"]
    states = definition(lambda name: arns[name])
    own = {"StartAt": "Once", "States": {"Once": {"Type": "Task", "Resource": arns["validate_order"], "End": True}}}
    measured = {
        "in_flight": in_flight,
        "four_steps_per_s": _map_rate(client, role, "four", states, lines, in_flight),
        "one_call_per_s": _map_rate(client, role, "one", own, lines, in_flight),
        "batch_lines_per_s": run(system, lines)["lines_per_s"],
    }
    batch = measured["batch_lines_per_s"]
    ratios = {f"ratio_to_{name}": round(batch / measured[f"{name}_per_s"], 2) for name in ("four_steps", "one_call")}
    return {**measured, **ratios}


def _functions_that_return_at_once(system: Deployed) -> dict[str, str]:
    bundle = BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("noop.py", "def handler(event, context):\n    return {}\n")
    iam, client = system.aws.client("iam"), system.aws.client("lambda")
    lambda_may = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [lambda_may]}
    role = iam.create_role(RoleName="noop", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    arns = {}
    for step in ALL_STEPS:
        function = client.create_function(
            FunctionName=f"noop-{step.function}",
            Runtime="python3.11",
            Role=role,
            Handler="noop.handler",
            Code={"ZipFile": bundle.getvalue()},
        )
        arns[step.function] = function["FunctionArn"]
    everything = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": sorted(arns.values())}
    iam.put_role_policy(
        RoleName="orderbridge-local-bulk-workflow",
        PolicyName="noop",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    return arns


def _map_rate(client: Any, role: str, name: str, states: dict[str, Any], items: int, in_flight: int) -> float:
    """Items per second of a Distributed Map with these states; a first, short run starts the workers."""
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    machine = {
        "StartAt": "Map",
        "States": {
            "Map": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": in_flight,
                "ItemProcessor": {**inner, "StartAt": states["StartAt"], "States": states["States"]},
                "ResultPath": None,
                "End": True,
            }
        },
    }
    arn = client.create_state_machine(name=f"noop-{name}", definition=json.dumps(machine), roleArn=role)
    rate = 0.0
    for count in (in_flight * 4, items):
        work = [{"order_id": f"o-{number}", "correlation_id": "c"} for number in range(count)]
        began = time.monotonic()
        execution = client.start_execution(stateMachineArn=arn["stateMachineArn"], input=json.dumps({"items": work}))[
            "executionArn"
        ]
        while (found := client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.05)
        assert found["status"] == "SUCCEEDED", found
        rate = count / (time.monotonic() - began)
    return round(rate, 1)


class _Counting:
    """A client that counts its calls."""

    def __init__(self, client: Any, counter: Counter[str], service: str) -> None:
        self._client, self._counter, self._service = client, counter, service

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found) or name == "exceptions":
            return found

        def call(*arguments: Any, **parameters: Any) -> Any:
            self._counter[f"{self._service}.{name}"] += 1
            return found(*arguments, **parameters)

        return call


def calls(system: Deployed, lines: int, _: bool) -> dict[str, Any]:
    """Split, pages and report run in this process, with counting clients, over the workflow that is deployed.

    The batch is claimed without an execution, so that nobody else works on it.
    """
    counter: Counter[str] = Counter()
    app = Application(system.settings, make_client=lambda name, *_: _Counting(system.aws.client(name), counter, name))
    data, _expected = batch_file(5, lines)
    key, now = "bench/orders", app.clock.now()
    etag = system.app.batches.files.put(key, data)
    batch = Batch(
        batch_id="b-bench",
        source=SOURCE,
        format=Format.JSONL,
        encoding="utf-8",
        mapping="",
        key=key,
        etag=etag,
        content_bytes=len(data),
        page_lines=LARGE_PAGE_LINES,
        received_at=now,
        attempt=1,
        attempt_started_at=now,
    )
    system.app.batches.ledger.create(batch)
    pages = app.batches.split(batch).pages
    for number in range(1, pages + 1):
        while not (progress := app.batches.work_on_page(batch.batch_id, number)).done:
            time.sleep(progress.wait_s)
    found = app.batches.ledger.batch(batch.batch_id)
    assert found is not None
    app.batches.report(found)
    per_line = {name: round(count / lines, 3) for name, count in sorted(counter.items())}
    return {"lines": lines, "calls_per_line": round(counter.total() / lines, 2), "by_call": per_line}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
