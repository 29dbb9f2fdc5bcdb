"""Rows that are read again: a corrected one brings a new revision of a closed order, one that is as it was nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.domain.events import OrderConfirmed, OrderRejected
from chalicelib.domain.state import Status
from chalicelib.orders.commands import OrderCommands
from chalicelib.steps.reject_order import RejectOrder
from poller.polling.row_version import correlation_id_of
from poller.reading.reader import RawOrder
from poller.source.file import parse_source
from tests.support.domain.histories import REJECTION
from tests.support.poller.erp import MAPPING, PollerBench, SqliteErp, bench, source_text
from tests.unit.poller.test_modes import ID, SNAPSHOT, STATUS, TIMESTAMP, VERSION, database_now

MODES = {"timestamp": TIMESTAMP, "id": ID, "status": STATUS, "snapshot": SNAPSHOT, "version": VERSION}
WRITE_BACK = "[write_back]\nrejected = [\"UPDATE order_header SET state = 'X' WHERE order_no = :external_id\"]\n"
Make = Callable[..., PollerBench]


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SqliteErp]:
    made = SqliteErp(tmp_path / "erp.db")
    yield made
    made.db.close()


@pytest.fixture
def poller(erp: SqliteErp) -> Iterator[Make]:
    made: list[PollerBench] = []

    def make(cursor: str, more: str = "") -> PollerBench:
        made.append(bench(text_of(erp, cursor, more)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def text_of(erp: SqliteErp, cursor: str, more: str = "", mapping: str = MAPPING) -> str:
    text = source_text(f'sqlite = "{erp.path}"', cursor, mapping=mapping)
    return f"{text}[paging]\naccept_workers = 1\n{more}"


def reject(polled: PollerBench) -> None:
    repository = polled.intake.repository
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        repository.append(polled.order(1), event)


def cancel(polled: PollerBench) -> None:
    repository = polled.intake.repository
    order_id = polled.order(1).order_id
    OrderCommands(repository, polled.workflow).cancel(order_id, "anna", "by phone")
    RejectOrder(repository)(order_id)


CLOSE = {"rejected": reject, "cancelled": cancel}
touching = "UPDATE order_header SET changed_at = ?, version = version + 1 WHERE order_no = 1"
correcting = "UPDATE order_header SET city = 'Kiel', changed_at = ?, version = version + 1 WHERE order_no = 1"


@pytest.mark.parametrize("closed", CLOSE)
@pytest.mark.parametrize("mode", MODES)
def test_a_row_that_is_read_again_brings_nothing(erp: SqliteErp, poller: Make, mode: str, closed: str) -> None:
    """In the overlap, after a crash, by another process: the order stays as it was closed."""
    erp.add(1, database_now())
    polled = poller(MODES[mode])
    polled.poll()
    CLOSE[closed](polled)
    for cold in (False, True, True):
        assert polled.poll(cold=cold).counts.accepted == 0
    assert polled.order(1).revision == 1


@pytest.mark.parametrize("closed", CLOSE)
@pytest.mark.parametrize("mode", ["timestamp", "version", "status", "snapshot"])
@pytest.mark.parametrize("more", ["", WRITE_BACK], ids=["not written back", "written back"])
def test_a_corrected_row_brings_a_new_revision(erp: SqliteErp, poller: Make, mode: str, closed: str, more: str) -> None:
    erp.add(1, database_now())
    polled = poller(MODES[mode], more)
    polled.poll()
    CLOSE[closed](polled)
    erp.sql(correcting, database_now(1))
    assert polled.poll().counts.accepted == 1
    order = polled.order(1)
    assert (order.revision, order.status, order.content.ship_to.city) == (2, Status.RECEIVED, "Kiel")
    assert polled.workflow.started[-1] == (order.order_id, order.correlation_id, 2)
    assert [polled.poll(cold=cold).counts.accepted for cold in (False, True)] == [0, 0]


@pytest.mark.parametrize("mode", ["timestamp", "version"])
@pytest.mark.parametrize(
    ("closed", "more", "renewed"),
    [
        ("rejected", "", True),
        ("cancelled", "", False),
        ("rejected", WRITE_BACK, False),
        ("cancelled", WRITE_BACK, False),
    ],
    ids=["rejected", "cancelled", "rejected and written back", "cancelled and written back"],
)
def test_a_touched_row_is_validated_anew_if_it_can_only_have_been_touched_by_the_erp(
    erp: SqliteErp, poller: Make, mode: str, closed: str, more: str, renewed: bool
) -> None:
    erp.add(1, database_now())
    polled = poller(MODES[mode], more)
    polled.poll()
    CLOSE[closed](polled)
    erp.sql(touching, database_now(1))
    assert polled.poll().counts.accepted == int(renewed)
    assert [polled.poll(cold=cold).counts.accepted for cold in (False, True)] == [0, 0]
    assert polled.order(1).revision == 1 + renewed


def test_writing_back_does_not_bring_an_order_for_ever(erp: SqliteErp, poller: Make) -> None:
    """The answer moves the row's stamp, as triggers of ERPs do."""
    erp.add(1, database_now())
    polled = poller(TIMESTAMP, WRITE_BACK)
    polled.poll()
    reject(polled)
    for second in range(1, 5):
        erp.sql(touching, database_now(second))
        polled.poll(cold=True)
    assert polled.order(1).revision == 1


def test_a_row_that_is_set_back_to_what_it_was_is_a_correction_too(erp: SqliteErp, poller: Make) -> None:
    erp.add(1, database_now())
    polled = poller(TIMESTAMP)
    for second, city in enumerate(("Kiel", "Hamburg", "Kiel"), start=1):
        polled.poll()
        reject(polled)
        erp.sql("UPDATE order_header SET city = ?, changed_at = ?", city, database_now(second))
    polled.poll()
    assert (polled.order(1).revision, polled.order(1).content.ship_to.city) == (4, "Kiel")


def test_a_mended_source_file_brings_its_rejected_orders_anew(erp: SqliteErp, poller: Make) -> None:
    """As far as they are read again: those of the overlap here, all of a table without a cursor."""
    erp.add(1, database_now())
    polled = poller(TIMESTAMP)
    polled.poll()
    reject(polled)
    mended = MAPPING.replace('"Hafenstr. 12"', '"Hafenstr. 14"')
    polled.use(text_of(erp, TIMESTAMP, mapping=mended))
    assert polled.poll(cold=True).counts.accepted == 1
    assert polled.order(1).content.ship_to.address == "Hafenstr. 14"


def test_a_change_of_a_confirmed_order_is_recorded_and_changes_nothing(erp: SqliteErp, poller: Make) -> None:
    erp.add(1, database_now())
    polled = poller(TIMESTAMP)
    polled.poll()
    polled.intake.repository.append(polled.order(1), OrderConfirmed("OB-1"))
    erp.sql(correcting, database_now(1))
    assert polled.poll().counts.changed == 1
    assert (polled.order(1).revision, polled.order(1).status) == (1, Status.CONFIRMED)


def test_a_row_has_the_same_correlation_id_in_every_process(erp: SqliteErp) -> None:
    loaded = parse_source(text_of(erp, TIMESTAMP), "erp.toml")
    order = RawOrder((1,), ("2026-11-23 10:00:00", 1), ("C-1", "EUR"), (("WIDGET-1", 2),))
    assert correlation_id_of(loaded, order) == correlation_id_of(loaded, order)
    others = [
        RawOrder((2,), order.position, order.header, order.lines),
        RawOrder(order.key, ("2026-11-23 10:00:01", 1), order.header, order.lines),
        RawOrder(order.key, order.position, ("C-2", "EUR"), order.lines),
        RawOrder(order.key, order.position, order.header, ()),
    ]
    ids = {correlation_id_of(loaded, one) for one in (order, *others)}
    assert len(ids) == 5
    assert all(len(one) == 26 for one in ids)


@pytest.mark.parametrize("mode", MODES)
def test_a_correction_that_comes_while_the_order_is_under_way_is_not_lost(
    erp: SqliteErp, poller: Make, mode: str
) -> None:
    """It waits, and comes in when the order is closed without delivery, whatever the cursor does."""
    erp.add(1, database_now())
    polled = poller(MODES[mode], WRITE_BACK)
    polled.poll()
    erp.sql(correcting, database_now(1))
    seen = [polled.poll(cold=cold).counts for cold in (False, True, False)]
    assert sum(counts.changed for counts in seen) <= 1, "it is said once"
    assert polled.order(1).revision == 1
    reject(polled)
    if mode != "id":  # which does not see later changes of a row
        (waiting,) = polled.findings.quarantined("erp", 10)
        assert "send it again if it is REJECTED or CANCELLED" in waiting.reasons[0]
        assert polled.poll(cold=True).counts.accepted == 1
        assert (polled.order(1).revision, polled.order(1).content.ship_to.city) == (2, "Kiel")
        assert list(polled.findings.quarantined("erp", 10)) == []


def test_a_correction_that_comes_too_late_waits_no_longer(erp: SqliteErp, poller: Make) -> None:
    erp.add(1, database_now())
    polled = poller(TIMESTAMP)
    polled.poll()
    erp.sql(correcting, database_now(1))
    polled.poll()
    polled.intake.repository.append(polled.order(1), OrderConfirmed("OB-1"))
    assert polled.poll().counts.changed == 1
    assert list(polled.findings.quarantined("erp", 10)) == []
    assert [change.fields for change in polled.findings.changes("erp", 10)] == [("ship_to.city",)]
    assert polled.poll().counts.changed == 0
