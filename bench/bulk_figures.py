"""What a batch takes: memory of the intake's functions, calls to AWS, transitions of the two state machines."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.workflow import bulk
from tests.support.e2e.deployed import Deployed

INTAKE = ("start_batch", *bulk.function_names())
SERVER = "local AWS"
SAMPLE = 100
"""Order executions whose transitions are counted."""

LOOK_EVERY_S = 0.5


@contextmanager
def watched_memory(system: Deployed) -> Iterator[dict[str, int]]:
    """Function -> the largest resident set of its workers so far, in MB; also of the server, which keeps everything."""
    peaks: dict[str, int] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_EVERY_S):
            names = {pid: _function_of(pid) for pid in system.aws.worker_pids()} | {system.aws.pid: SERVER}
            for pid, name in names.items():
                if name:
                    peaks[name] = max(peaks.get(name, 0), _resident_mb(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def _function_of(pid: int) -> str | None:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return None
    return next((name for name in INTAKE if name in command), None)


def _resident_mb(pid: int | None) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)


def calls_per_line(calls: Counter[str], lines: int) -> dict[str, Any]:
    """By function; those of the API, and of this program, are the watching and are left out."""
    prefix = "orderbridge-local-"
    functions: Counter[str] = Counter()
    for name, count in calls.items():
        if name.startswith(prefix):
            functions[name.split()[0].removeprefix(prefix)] += count
    by_function = {name: round(count / lines, 2) for name, count in functions.most_common() if count >= lines / 100}
    return {"aws_calls_per_line": round(functions.total() / lines, 2), "aws_calls_by_function": by_function}


def transitions(system: Deployed, batch_id: str, lines: int) -> dict[str, float]:
    """Entered states of the batch's executions and their pages, per line, and of the orders' own workflow.

    The local AWS notes only the tasks of a page's execution; with each go a Choice and a Wait, or in the end a Succeed.
    """
    client, machine = system.aws.client("stepfunctions"), system.settings.bulk_state_machine_arn
    entered = 0
    for execution in _executions(client, stateMachineArn=machine):
        if not execution.rpartition(":")[2].startswith(f"{batch_id}-"):
            continue
        entered += _entered(client, execution)
        for run in client.list_map_runs(executionArn=execution)["mapRuns"]:
            children = _executions(client, mapRunArn=run["mapRunArn"])
            entered += 3 * sum(_entered(client, child, "TaskScheduled") for child in children)
    orders = client.list_executions(stateMachineArn=system.settings.state_machine_arn, maxResults=SAMPLE)["executions"]
    of_orders = sum(_entered(client, order["executionArn"]) for order in orders) / len(orders)
    return {"bulk_transitions_per_line": round(entered / lines, 4), "order_transitions": round(of_orders, 2)}


def _executions(client: Any, **of: str) -> list[str]:
    pages = client.get_paginator("list_executions").paginate(**of)
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def _entered(client: Any, execution: str, kind: str = "StateEntered") -> int:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution)
    return sum(event["type"].endswith(kind) for page in pages for event in page["events"])
