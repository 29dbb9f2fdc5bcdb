"""Sends a file of orders as an ERP would: asks for a form, uploads, watches the batch, reads the report."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.client.api import Client
from local.sample.batch import batch_file
from local.sample.draft import SOURCE

POLL_EVERY_S = 0.5
SILENCE_LIMIT_S = 300
"""Without any change for this long, waiting is given up."""

ENDED = frozenset({"COMPLETED", "INCOMPLETE", "NOTHING_ACCEPTED", "CANCELLED", "REFUSED"})
FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv"}
SHOWN_LINES = 12


class BatchFailed(RuntimeError):
    """The API said no, or nothing moves any more."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the upload, and then its batch, is to be seen."""

    path: str


def format_of(file: Path) -> str:
    """By the name, `.gz` aside. Raises BatchFailed."""
    suffix = Path(file.stem).suffix if file.suffix == ".gz" else file.suffix
    if suffix not in FORMATS:
        raise BatchFailed(f"{file.name}: state the format with --format (jsonl, json or csv)")
    return FORMATS[suffix]


def send(client: Client, data: bytes, kind: str, **more: str) -> Sent:
    """Ask for a form and POST the file to it. Raises BatchFailed."""
    offered = client.post("/batches", {"source": SOURCE, "format": kind, **more})
    if offered.status != 202:
        raise BatchFailed(f"POST /batches answered {offered.status}: {offered.body}")
    form = offered.body["upload"]
    fields = [*form["fields"].items(), ("file", ("orders", data, "application/octet-stream"))]
    answer = urllib3.request("POST", form["url"], fields=fields, timeout=600, retries=False)
    if answer.status not in (200, 201, 204):
        raise BatchFailed(f"the upload was answered with {answer.status}: {answer.data.decode(errors='replace')[:500]}")
    return Sent(offered.body["links"]["self"])


def standing(client: Client, sent: Sent) -> dict[str, Any]:
    """GET of the batch. Raises BatchFailed."""
    answer = client.get(sent.path, role="ingest")
    if answer.status != 200:
        raise BatchFailed(f"GET {sent.path} answered {answer.status}: {answer.body}")
    body: dict[str, Any] = answer.body
    return body


def watch(client: Client, sent: Sent) -> Iterator[dict[str, Any]]:
    """The batch every half a second until it has ended. Raises BatchFailed."""
    last, moved = None, time.monotonic()
    while True:
        batch = standing(client, sent)
        yield batch
        if batch["state"] in ENDED:
            return
        if (batch["state"], batch["counts"]) != last:
            last, moved = (batch["state"], batch["counts"]), time.monotonic()
        if time.monotonic() > moved + SILENCE_LIMIT_S:
            raise BatchFailed(f"nothing has moved for {SILENCE_LIMIT_S} s: {batch}")
        time.sleep(POLL_EVERY_S)


def wait(client: Client, sent: Sent, console: Console) -> dict[str, Any]:
    """The batch when it has ended, with a progress bar until then."""
    batch: dict[str, Any] = {}
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} lines/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("settled", total=None, rate="-")
        for batch in watch(client, sent):
            settled = batch["counts"]["received"] - batch["counts"]["running"]
            progress.update(task, total=batch["lines"], completed=settled, rate=batch["rate_per_s"])
    return batch


def report(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of the report. Raises BatchFailed."""
    answer = urllib3.request("GET", batch["report"]["jsonl"], timeout=120, retries=False)
    if answer.status != 200:
        raise BatchFailed(f"the report answered {answer.status}: {answer.data.decode(errors='replace')[:500]}")
    return [json.loads(line) for line in answer.data.decode().splitlines()]


def submit_batch(client: Client, data: bytes, kind: str, console: Console, **more: str) -> dict[str, Any]:
    """Send, wait and show; the batch as it ended."""
    batch = wait(client, send(client, data, kind, **more), console)
    if batch["state"] == "REFUSED":
        console.print(f"refused: {batch['problem']}", style="red", markup=False)
        return batch
    show(batch, report(batch), console)
    return batch


def run_batch(client: Client, seed: int, count: int, console: Console) -> bool:
    """Send a generated file; whether every line came to what is expected of it."""
    data, expected = batch_file(seed, count)
    console.print(f"a file of {count} orders ({len(data):,} bytes) as a batch, seed {seed}")
    batch = submit_batch(client, gzip.compress(data), "jsonl", console)
    as_expected = batch["state"] == "COMPLETED" and outcomes(report(batch)) == expected
    if not as_expected:
        console.print(f"expected was: {dict(expected)}", style="red")
    return as_expected


def show(batch: dict[str, Any], lines: list[dict[str, Any]], console: Console) -> None:
    """The accounting, and the first lines of which nothing good came."""
    counts = batch["counts"]
    console.print(
        f"batch {batch['batch_id']} is {batch['state']}: {counts['received']} received = {counts['accepted']} accepted "
        f"+ {counts['duplicate']} duplicate + {counts['invalid']} invalid",
        soft_wrap=True,
    )
    parts = ("confirmed", "rejected", "cancelled", "failed", "running")
    console.print(f"{counts['accepted']} accepted = " + " + ".join(f"{counts[part]} {part}" for part in parts))
    told = [line for line in lines if line["status"] != "CONFIRMED" or line["outcome"] != "accepted"]
    table = Table(title=f"The first of {len(told)} lines that were not simply confirmed", header_style="bold")
    for heading in ("line", "order", "outcome", "status", "why"):
        table.add_column(heading, overflow="fold")
    for line in told[:SHOWN_LINES]:
        why = "; ".join(f"{error['field']} {error['message']}".strip() for error in line["errors"])
        table.add_row(
            str(line["line"]), line["external_id"], line["outcome"], line["status"], why or ", ".join(line["reasons"])
        )
    console.print(table)
    console.print(f"report, for an hour: {batch['report']['csv']}", soft_wrap=True, markup=False, highlight=False)


def outcomes(lines: list[dict[str, Any]]) -> Counter[str]:
    """How many lines of the report say what."""
    return Counter(line["status"] if line["outcome"] == "accepted" else line["outcome"] for line in lines)
