"""The legacy ERP of `make run` and the poller beside it, run as an operator of an on-premises ERP would run it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from chalicelib.adapters.system import SystemClock
from local.deployment import Deployment
from local.emulator.aws import REPOSITORY
from local.legacy_erp.database import SOURCE_FILE, LegacyErp
from local.legacy_erp.orders import OrderDesk
from local.legacy_erp.work import Work
from local.sample.catalogue import customers, products
from local.stack import FOLDER

DATABASE = FOLDER / "legacy-erp.db"
LOG = FOLDER / "poller.log"
STOP_TIMEOUT_S = 20
ANSWER_TIMEOUT_S = 120
WAITING = (" ", "U")
"""OBSTATUS of orders that Orderbridge has not brought to an end yet."""

MEANINGS = {" ": "no answer yet", "U": "taken over", "B": "confirmed", "A": "rejected", "S": "cancelled", "K": "failed"}


@dataclass(frozen=True, slots=True)
class PolledErp:
    """An ERP that nobody can call and that calls nobody: a SQLite file, read and written by the poller."""

    erp: LegacyErp

    def wait_for_answers(self) -> bool:
        """Until every order has its final answer in the ERP's own table; False if that takes too long."""
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while any(status in WAITING for status in self.erp.statuses()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True

    def table(self) -> Table:
        """What the ERP's people see in its column OBSTATUS."""
        table = Table(title="The legacy ERP: answers written back into AUFKOPF.OBSTATUS", header_style="bold")
        for heading in ("OBSTATUS", "means", "orders"):
            table.add_column(heading)
        for status, count in sorted(self.erp.statuses().items()):
            table.add_row(repr(status), MEANINGS.get(status, "?"), str(count))
        return table


@contextmanager
def polled_erp(deployment: Deployment, orders: int, console: Console) -> Iterator[PolledErp]:
    """A new legacy ERP with so many orders, and a poller service that reads it for as long as the block lasts."""
    for old in FOLDER.glob(DATABASE.name + "*"):
        old.unlink()
    erp = LegacyErp(DATABASE)
    Work(erp, OrderDesk(customers(), products()), SystemClock(), seed=1).generate(orders)
    console.print(f"legacy ERP with {orders} orders in {DATABASE.relative_to(REPOSITORY)}; poller beside it")
    command = [sys.executable, "-m", "poller", "run", "--source-dir", str(SOURCE_FILE.parent)]
    environment = deployment.environment() | {"LEGACY_ERP_DB": str(DATABASE)}
    with LOG.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield PolledErp(erp)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
