"""The scheduled poller as a deployed function, under its own role: an ERP's database read, and answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.system import SystemClock
from local.legacy_erp.database import SOURCE_FILE, LegacyErp
from local.legacy_erp.orders import OrderDesk
from local.legacy_erp.work import Work
from local.sample.catalogue import customers, products
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import variables, wait_until

pytestmark = pytest.mark.e2e

ORDERS = 12
SOURCE = "polled-erp"
INTERVAL_S = 1


@pytest.fixture
def erp(stack: Deployed, tmp_path: Path) -> Iterator[LegacyErp]:
    """A legacy ERP whose source file the deployed function finds through its environment."""
    erp = LegacyErp(tmp_path / "erp.db")
    Work(erp, OrderDesk(customers(), products()), SystemClock(), seed=11).generate(ORDERS)
    source = SOURCE_FILE.read_text().replace("${env:LEGACY_ERP_DB}", str(erp.path))
    source = source.replace("interval_s = 5", f"interval_s = {INTERVAL_S}")
    (tmp_path / f"{SOURCE}.toml").write_text(source.replace('name = "legacy-erp"', f'name = "{SOURCE}"'))
    with variables(stack, "poll_erp", ORDERBRIDGE_POLLER_SOURCES=str(tmp_path)):
        yield erp


def poll(stack: Deployed) -> list[dict[str, str]]:
    """One run of the scheduled function; what it reports per source."""
    return list(stack.run_scheduled("poll_erp"))


def test_orders_are_polled_confirmed_and_answered_in_the_erps_own_table(stack: Deployed, erp: LegacyErp) -> None:
    reports = poll(stack)
    assert [(report["source"], report["outcome"]) for report in reports] == [(SOURCE, "finished")], reports

    def answered() -> bool:
        """The schedule fires again; sources whose interval is not over are left out."""
        assert all(report["outcome"] == "finished" for report in poll(stack))
        return not any(status in " U" for status in erp.statuses())

    wait_until(answered, "every order is answered", every_s=INTERVAL_S)
    assert erp.statuses()["B"] >= ORDERS // 2
