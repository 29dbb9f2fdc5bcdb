"""Orders through the deployed system on the local AWS, beside what the engine itself can do.

- Latency: `POST /orders`, one after the other, alternating with `GET /health`, which does almost nothing.
- Throughput: a burst of orders until all have an outcome, alternating with as many executions of a state machine of
  four functions that return at once.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chalicelib.domain.timestamps import parse_utc
from chalicelib.workflow.table import STEPS
from local.emulator.aws import LocalAws
from local.sample.stream import stream
from tests.support.e2e.deployed import Deployed, deployed

LATENCY_REQUESTS = 200
BURST = 300
ROUNDS = 2
SENDERS = 8
NOTHING = "def handler(event, context):\n    return event\n"


def main(_: Sequence[str]) -> int:
    payloads = (sample.payload for sample in stream(time.time_ns()) if sample.expected_status == "CONFIRMED")

    def order() -> dict[str, Any]:
        return next(payloads)

    with tempfile.TemporaryDirectory() as folder, deployed(Path(folder)) as system:
        machine = engine_baseline(system.aws)
        warm = [system.submit(order()) for _ in range(40)]
        for order_id in warm:
            system.outcome(order_id)
        run_executions(system.aws, machine, 40)
        report_latency(system, order)
        report_throughput(system, machine, order)
    return 0


def report_latency(system: Deployed, order: Callable[[], dict[str, Any]]) -> None:
    posts, health = [], []
    for _ in range(LATENCY_REQUESTS):
        posts.append(timed(lambda: system.submit(order())))
        health.append(timed(lambda: system.api.get("/health")))
    for name, values in (("POST /orders", posts), ("GET /health", health)):
        cuts = statistics.quantiles(values, n=100)
        print(f"{name:<14} median {cuts[49]:6.1f} ms   P95 {cuts[94]:6.1f} ms   P99 {cuts[98]:6.1f} ms")
    print(f"ratio of the medians: {statistics.median(posts) / statistics.median(health):.2f}")


def report_throughput(system: Deployed, machine: str, order: Callable[[], dict[str, Any]]) -> None:
    rates: dict[str, list[float]] = {"orders": [], "executions that do nothing": []}
    ages: list[float] = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as pool:
            ids = list(pool.map(system.submit, [order() for _ in range(BURST)]))
            shown = list(pool.map(system.outcome, ids))
        rates["orders"].append(BURST / (time.monotonic() - began))
        ages += [seconds_to_outcome(one) for one in shown]
        rates["executions that do nothing"].append(run_executions(system.aws, machine, BURST))
    for name, values in rates.items():
        rounds = ", ".join(f"{value:.1f}" for value in values)
        print(f"{name:<28} {statistics.median(values):6.1f} per second   (rounds: {rounds})")
    print(f"ratio: {statistics.median(rates['orders']) / statistics.median(rates['executions that do nothing']):.2f}")
    print(f"from accepted to outcome in a burst: median {statistics.median(ages):.1f} s, slowest {max(ages):.1f} s")


def seconds_to_outcome(shown: dict[str, Any]) -> float:
    received, updated = (parse_utc(shown[key]) for key in ("received_at", "updated_at"))
    return (updated - received).total_seconds()


def engine_baseline(aws: LocalAws) -> str:
    """A state machine like the order workflow, whose functions return at once; its ARN."""
    roles, functions, states = aws.client("iam"), aws.client("lambda"), aws.client("stepfunctions")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = roles.create_role(RoleName="bench", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    everything = {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    roles.put_role_policy(RoleName="bench", PolicyName="bench", PolicyDocument=policy)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr("nothing.py", NOTHING)
    names = [f"bench-{number}" for number in range(len(STEPS))]
    arns = [
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=role,
            Handler="nothing.handler",
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]
        for name in names
    ]
    tasks = {
        name: {"Type": "Task", "Resource": arn, **({"Next": following} if following else {"End": True})}
        for name, arn, following in zip(names, arns, [*names[1:], ""], strict=True)
    }
    definition = json.dumps({"StartAt": names[0], "States": tasks})
    made = states.create_state_machine(name="bench", definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def run_executions(aws: LocalAws, machine: str, count: int) -> float:
    """Executions per second, from the first start to the last end."""
    states = aws.client("stepfunctions")
    began = time.monotonic()

    def run(_: int) -> None:
        arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        while states.describe_execution(executionArn=arn)["status"] == "RUNNING":
            time.sleep(0.1)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(run, range(count)))
    return count / (time.monotonic() - began)


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
