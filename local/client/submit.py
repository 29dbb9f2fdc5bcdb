"""Submits orders through the API, waits until each has its outcome, and shows what became of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.client.api import Answer, Client
from local.sample.orders import SampleOrder

SENDERS = 8
POLL_EVERY_S = 0.5
SILENCE_LIMIT_S = 120
"""Without a single further outcome for this long, waiting is given up."""

OUTCOMES = frozenset({"CONFIRMED", "REJECTED", "CANCELLED", "FAILED"})


@dataclass(frozen=True, slots=True)
class Submitted:
    """A sample order and what the API said to it; `order_id` is empty if it was refused at the door."""

    sample: SampleOrder
    answer: Answer
    answered_in_ms: float

    @property
    def order_id(self) -> str:
        return str(self.answer.body.get("order_id", "")) if self.answer.status in (200, 202) else ""


def submit(client: Client, samples: Sequence[SampleOrder], console: Console, rate: float = 0) -> list[Submitted]:
    """POST every order, `rate` per second (0: as fast as SENDERS connections can), in order of the list."""
    began = time.monotonic()

    def send(numbered: tuple[int, SampleOrder]) -> Submitted:
        number, sample = numbered
        if rate:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
        sent = time.monotonic()
        answer = client.post("/orders", sample.payload)
        return Submitted(sample, answer, (time.monotonic() - sent) * 1000)

    with _progress(console) as progress, ThreadPoolExecutor(SENDERS) as senders:
        return list(progress.track(senders.map(send, enumerate(samples)), total=len(samples), description="sent"))


def wait(client: Client, submitted: Sequence[Submitted], since: datetime, console: Console) -> dict[str, Any]:
    """Order id -> its row in the list of orders, once every order has an outcome or nothing has moved for long."""
    wanted = {item.order_id for item in submitted if item.order_id}
    rows: dict[str, Any] = {}
    last_change = time.monotonic()
    with _progress(console) as progress:
        task = progress.add_task("finished", total=len(wanted))
        while True:
            before = _finished(rows)
            rows = {row["order_id"]: row for row in client.orders_since(since) if row["order_id"] in wanted}
            progress.update(task, completed=_finished(rows))
            if _finished(rows) > before:
                last_change = time.monotonic()
            if _finished(rows) == len(wanted) or time.monotonic() > last_change + SILENCE_LIMIT_S:
                return rows
            time.sleep(POLL_EVERY_S)


def _finished(rows: dict[str, Any]) -> int:
    return sum(row["status"] in OUTCOMES for row in rows.values())


def run_samples(client: Client, samples: Sequence[SampleOrder], console: Console, rate: float = 0) -> bool:
    """Submit, wait and show; whether every order reached the outcome that was expected of it."""
    since = datetime.now(UTC) - timedelta(seconds=1)
    began = time.monotonic()
    submitted = submit(client, samples, console, rate)
    rows = wait(client, submitted, since, console)
    console.print(outcome_table(client, submitted, rows))
    summary(console, submitted, rows, time.monotonic() - began)
    return all(_as_expected(client, item, rows) for item in submitted)


def _reason_codes(detail: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in detail["why"]["reasons"]]


def _as_expected(client: Client, item: Submitted, rows: dict[str, Any]) -> bool:
    status = rows.get(item.order_id, {}).get("status", "")
    if status != item.sample.expected_status:
        return False
    expected = item.sample.expected_reason_code
    return expected is None or expected in _reason_codes(client.get(f"/orders/{item.order_id}").body)


def outcome_table(client: Client, submitted: Sequence[Submitted], rows: dict[str, Any]) -> Table:
    """A line per order: what it is, what became of it and, unless it was confirmed, why."""
    table = Table(title="What became of the orders", show_lines=False, header_style="bold")
    for heading in ("order", "what it is", "total", "outcome", "why"):
        table.add_column(heading, overflow="fold")
    for item in submitted:
        row = rows.get(item.order_id, {})
        status = row.get("status", f"refused at the door ({item.answer.status})")
        why = "" if status == "CONFIRMED" else _why(client, item)
        style = {"CONFIRMED": "green", "REJECTED": "yellow"}.get(status, "red")
        total = f"{item.sample.payload['total']} {item.sample.payload['currency']}"
        repeat = " (repeat)" if item.answer.status == 200 else ""
        table.add_row(
            item.sample.payload["external_id"],
            item.sample.description + repeat,
            total,
            f"[{style}]{status}[/]",
            why,
        )
    return table


def _why(client: Client, item: Submitted) -> str:
    if not item.order_id:
        return str(item.answer.body)[:200]
    return str(client.get(f"/orders/{item.order_id}").body["why"]["text"])


def summary(console: Console, submitted: Sequence[Submitted], rows: dict[str, Any], seconds: float) -> None:
    """Counts by outcome, and how long the API took to answer."""
    counts = Counter(row["status"] for row in rows.values())
    answers = sorted(item.answered_in_ms for item in submitted)
    console.print(
        f"{len(submitted)} requests, {len(rows)} orders in {seconds:.1f} s: "
        + ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    )
    console.print(
        f"The API answered in {answers[len(answers) // 2]:.0f} ms (median), "
        f"{answers[int(len(answers) * 0.99)]:.0f} ms (99 of 100)."
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
