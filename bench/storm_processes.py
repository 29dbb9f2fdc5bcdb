"""Who makes the storm: the ERP's writers, and pollers that are ended with SIGKILL."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.storm_plan import REPOSITORY, Plan, Report
from tests.support.databases import Server


class Writer(threading.Thread):
    """One application server of the ERP, with its own wrong clock."""

    def __init__(self, plan: Plan, server: Server, number: int, report: Report, lock: threading.Lock) -> None:
        super().__init__(name=f"writer-{number}")
        self._plan, self._server, self._report, self._lock = plan, server, report, lock
        self._random = random.Random(plan.seed * 1000 + number)
        self._skew = timedelta(seconds=self._random.uniform(-plan.skew_s, plan.skew_s))
        if number < 2:  # the extremes are always there
            self._skew = timedelta(seconds=plan.skew_s * (-1, 1)[number])
        self._left = plan.orders // plan.writers
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            connection = self._server.connect(autocommit=False)
            ends = time.monotonic() + self._plan.seconds
            while self._left > 0:
                self._transaction(connection, max(1.0, ends - time.monotonic()))
            connection.close()
        except BaseException as error:
            self.failure = error
            raise

    def _transaction(self, connection: Any, time_left_s: float) -> None:
        """Some orders, written over the length of one transaction, then committed, or (5 %) rolled back."""
        length_s = min(self._random.uniform(0, self._plan.longest_tx_s), time_left_s)
        share = self._left * length_s / time_left_s
        count = min(self._left, max(1, round(self._random.uniform(0.5, 1.5) * share)))
        began = time.monotonic()
        cursor = connection.cursor()
        for part in _parts(count, 4):
            self._insert(cursor, part)
            time.sleep(length_s / 4)
        if self._random.random() < 0.05:
            connection.rollback()
            with self._lock:
                self._report.rolled_back += count
            return
        connection.commit()
        self._left -= count
        with self._lock:
            self._report.longest_tx_s = max(self._report.longest_tx_s, time.monotonic() - began)

    def _insert(self, cursor: Any, count: int) -> None:
        table = "lines" if self._plan.dialect == "postgresql" else "`lines`"
        for _ in range(count):
            stamp = (datetime.now(UTC) + self._skew).replace(microsecond=0, tzinfo=None)
            customer = f"C-{self._random.randrange(1000)}"
            cursor.execute(
                "INSERT INTO orders (changed_at, customer) VALUES (?, ?) RETURNING id", (f"{stamp}", customer)
            )
            (number,) = cursor.fetchone()
            values = (number, 1, f"W-{number % 97}", number % 9 + 1, "12.50")
            cursor.execute(f"INSERT INTO {table} (id, pos, item, qty, price) VALUES (?, ?, ?, ?, ?)", values)


def _parts(count: int, parts: int) -> list[int]:
    return [count // parts + (1 if number < count % parts else 0) for number in range(parts)]


class Killer(threading.Thread):
    """Keeps `pollers` processes running and ends them at random, without warning."""

    def __init__(self, plan: Plan, command: list[str], report: Report) -> None:
        super().__init__(name="killer")
        self._plan, self._command, self._report = plan, command, report
        self._random = random.Random(plan.seed)
        self._processes = [self._start() for _ in range(plan.pollers)]
        self.killing = True
        self.running = True

    def run(self) -> None:
        while self.running:
            time.sleep(self._random.expovariate(self._plan.pollers / self._plan.kill_every_s) if self.killing else 0.2)
            if not self.killing or not self.running:
                continue
            number = self._random.randrange(len(self._processes))
            victim = self._processes[number]
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            self._report.kills += 1
            self._processes[number] = self._start()

    def end(self) -> None:
        """Stop killing; then stop the pollers as an operator would."""
        self.running = False
        self.join()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        return subprocess.Popen(self._command, env=environ, cwd=REPOSITORY)
