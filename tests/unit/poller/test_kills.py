"""The poller dies at every single point between fetching and saving the watermark: nothing lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poller.database.connection import connect
from poller.polling.poll import poll_source
from poller.polling.services import PollServices
from tests.support.poller.erp import PollerBench, SqliteErp, bench, source_text

MODES = {
    "timestamp+id": 'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"\noverlap_s = 60',
    "id": 'mode = "id"\noverlap_s = 60',
    "snapshot": 'mode = "snapshot"',
    "status-flag": (
        'mode = "status-flag"\ncolumn = "state"\nstates = ["NEW"]\n'
        "acknowledge = \"UPDATE order_header SET state = 'TAKEN' WHERE order_no = :order_no\""
    ),
}
ORDERS = 7


class Killed(BaseException):
    """The process is gone. Not an Exception: nobody may handle it."""


class Countdown:
    """Dies at call number `at`, before it (`late` False) or after it was carried out."""

    def __init__(self, at: int, late: bool) -> None:
        self.left = at
        self.late = late

    def wrap(self, target: Any) -> Any:
        return _Mortal(target, self)


class _Mortal:
    def __init__(self, target: Any, countdown: Countdown) -> None:
        self._target, self._countdown = target, countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found) or name == "close":
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            countdown = self._countdown
            countdown.left -= 1
            if countdown.left == 0 and not countdown.late:
                raise Killed
            result = found(*args, **kwargs)
            if countdown.left == 0:
                raise Killed
            return result

        return call


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SqliteErp]:
    made = SqliteErp(tmp_path / "erp.db")
    for number in range(1, ORDERS + 1):
        made.add(number, "2026-11-01 10:00:00", **({"customer": None} if number == 4 else {}))
    yield made
    made.db.close()


def dying(poller: PollerBench, countdown: Countdown) -> PollServices:
    """A process that is going to die."""
    return replace(
        poller.new_process(),
        intake=countdown.wrap(poller.intake),
        watermarks=countdown.wrap(poller.watermarks),
        findings=countdown.wrap(poller.findings),
        snapshots=countdown.wrap(poller.snapshots),
        connect=lambda source: countdown.wrap(connect(source)),
        connect_writable=lambda source: countdown.wrap(connect(source, writable=True)),
    )


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_every_point(erp: SqliteErp, mode: str, late: bool) -> None:
    paging = "[paging]\npage_rows = 3\naccept_workers = 1\n"
    text = source_text(f'sqlite = "{erp.path}"', MODES[mode]) + paging
    for at in range(1, 1000):
        erp.sql("UPDATE order_header SET state = 'NEW'")
        poller = bench(text)
        services = dying(poller, Countdown(at, late))
        try:
            poll_source(poller.loaded, services)
            survived = True
        except Killed:
            survived = False
        poller.close(services)
        poller.clock.advance(3600)
        report = poller.poll(cold=True)
        assert report.outcome == "finished", report
        assert poller.numbers() == [str(number) for number in range(1, ORDERS + 1) if number != 4], f"killed at {at}"
        assert [len(poller.events.load(known)) for known in poller.events.order_ids()] == [1] * (ORDERS - 1)
        assert [entry.key for entry in poller.findings.quarantined("erp", 9)] == ["[4]"]
        if survived:
            assert at > 15, "the poll was over too soon to be a proof"
            return
    raise AssertionError("the poll never ended")
