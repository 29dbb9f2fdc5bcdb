"""A process that reads reference data again and again as cold starts do. test_reference_processes.py runs several.

Prints a line for every round, "seen" and the names of two products, which are always published together, and ends
when both have the name that it was told to wait for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3

from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.s3.reference_data import S3ReferenceData

MAX_ROUNDS = 10_000


def main(endpoint_url: str, bucket: str, directory: str, until: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    for _ in range(MAX_ROUNDS):
        reader = S3ReferenceData(client, bucket, Path(directory), FixedClock())
        first, last = reader.product("SKU-00000"), reader.product("SKU-01999")
        assert first is not None
        assert last is not None
        print("seen", first.name, last.name, flush=True)
        if first.name == last.name == until:
            return
    sys.exit(f"not seen in {MAX_ROUNDS} rounds: {until}")


if __name__ == "__main__":
    main(*sys.argv[1:])
