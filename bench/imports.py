"""What a cold start imports: fresh processes, compiled files warm, as `app.py` is loaded for each kind of function."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

RUNS = 7

LOADS = {
    "python alone": "pass",
    "boto3 and a DynamoDB client": "import boto3; boto3.client('dynamodb', 'eu-central-1')",
    "a step (app.py, validate_order)": "import app",
    "a step with its adapters": (
        "import app; from chalicelib.wiring.application import application; application().step('ValidateOrder')"
    ),
    "the API (app.py, all routes)": "import app",
    "the API with its adapters": "import app; from chalicelib.wiring.application import application; application().api",
}


def main(_: Sequence[str]) -> int:
    environment = os.environ | {
        "ORDERBRIDGE_STAGE": "local",
        "ORDERBRIDGE_ACCOUNT_ID": "000000000000",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    times: dict[str, list[float]] = {name: [] for name in LOADS}
    for _run in range(RUNS):
        for name, code in LOADS.items():  # in turn, so that a slow moment touches all of them
            handler = "app.app" if "API" in name else "app.validate_order"
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], env=environment | {"_HANDLER": handler}, check=True)
            times[name].append((time.perf_counter() - began) * 1000)
    base = statistics.median(times["python alone"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:<36} {median:7.0f} ms   {median / base:5.1f} x python alone")
    return 0


if __name__ == "__main__":
    sys.exit(main([]))
