"""What every ledger does: claims once, refuses stale versions, keeps pages in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.batches.model import Batch, BatchState, Cancellation, Format, Page, Upload
from chalicelib.batches.ports import Ledger
from chalicelib.domain.errors import Contention
from tests.support.builders import NOW

UPLOAD = Upload("u-1", "sap-emea", Format.CSV, "utf-8", "default", "uploads/sap-emea/u-1/orders", NOW)
BATCH = Batch(
    batch_id="b-1",
    source="sap-emea",
    format=Format.CSV,
    encoding="utf-8",
    mapping="[order]\n",
    key=UPLOAD.key,
    etag='"e"',
    content_bytes=7,
    page_lines=100,
    received_at=NOW,
    attempt=1,
    attempt_started_at=NOW,
)


class LedgerContract:
    @pytest.fixture
    def ledger(self) -> Ledger:
        raise NotImplementedError

    def test_what_is_not_there_is_none(self, ledger: Ledger) -> None:
        assert ledger.upload("u-1") is None
        assert ledger.batch("b-1") is None
        assert ledger.page("b-1", 1) is None
        assert list(ledger.pages("b-1")) == []

    def test_uploads_come_back_whole_and_are_replaced(self, ledger: Ledger) -> None:
        ledger.save_upload(UPLOAD)
        assert ledger.upload("u-1") == UPLOAD
        ledger.save_upload(replace(UPLOAD, batch_id="b-1"))
        assert ledger.upload("u-1") == replace(UPLOAD, batch_id="b-1")

    def test_a_batch_is_claimed_once(self, ledger: Ledger) -> None:
        assert ledger.create(BATCH)
        assert not ledger.create(replace(BATCH, source="other"))
        assert ledger.batch("b-1") == BATCH

    def test_a_batch_comes_back_whole(self, ledger: Ledger) -> None:
        full = replace(
            BATCH,
            state=BatchState.CANCELLED,
            lines=3,
            pages=1,
            problem="ä",
            cancellation=Cancellation("M. Ito", "the wrong file", NOW, orders=True),
            finished_at=NOW,
            reported_at=NOW,
        )
        ledger.create(BATCH)
        assert ledger.save(full) == replace(full, version=2)
        assert ledger.batch("b-1") == replace(full, version=2)

    def test_only_the_newest_version_can_be_changed(self, ledger: Ledger) -> None:
        ledger.create(BATCH)
        ledger.save(replace(BATCH, lines=3))
        with pytest.raises(Contention):
            ledger.save(replace(BATCH, lines=4))
        found = ledger.batch("b-1")
        assert found is not None
        assert found.lines == 3

    def test_pages_are_kept_by_number_each_with_its_own_version(self, ledger: Ledger) -> None:
        pages = [Page("b-1", number, 100, NOW) for number in (10, 2, 1)]
        saved = [ledger.save_page(page) for page in pages]
        assert [page.version for page in saved] == [1, 1, 1]
        ledger.save_page(Page("b-10", 1, 100, NOW))
        assert [page.number for page in ledger.pages("b-1")] == [1, 2, 10]
        changed = ledger.save_page(replace(saved[1], open=("o-1", "o-2"), parked=("o-3",), parts=("k",), invalid=2))
        assert ledger.page("b-1", 2) == changed
        with pytest.raises(Contention):
            ledger.save_page(replace(saved[1], invalid=1))
        with pytest.raises(Contention):
            ledger.save_page(pages[1])

    def test_batches_and_uploads_are_listed_newest_first(self, ledger: Ledger) -> None:
        for minutes, source in ((0, "sap-emea"), (5, "other"), (2, "sap-emea")):
            at = NOW + timedelta(minutes=minutes)
            upload = replace(UPLOAD, upload_id=f"u-{minutes}", source=source, created_at=at)
            ledger.save_upload(upload)
            ledger.create(replace(BATCH, batch_id=f"b-{minutes}", source=source, received_at=at))
            ledger.save_upload(replace(upload, batch_id=f"b-{minutes}"))
        everything = ["u-5", "b-5", "u-2", "b-2", "u-0", "b-0"]
        assert ids(ledger.listed(None, None, None, "")) == everything
        assert ids(ledger.listed("sap-emea", None, None, "")) == everything[2:]
        assert ids(ledger.listed("nobody", None, None, "")) == []
        assert ids(ledger.listed(None, NOW + timedelta(minutes=2), NOW + timedelta(minutes=5), "")) == ["u-2", "b-2"]
        assert ids(ledger.listed(None, NOW + timedelta(minutes=9), NOW, "")) == []
        third = list(ledger.listed(None, None, None, ""))[2]
        assert ids(ledger.listed(None, None, None, third)) == everything[3:]

    def test_a_batch_that_was_claimed_before_is_listed_once(self, ledger: Ledger) -> None:
        assert ledger.create(BATCH)
        assert not ledger.create(replace(BATCH, received_at=NOW + timedelta(minutes=1)))
        ledger.save(replace(BATCH, lines=3))
        assert ids(ledger.listed("sap-emea", None, None, "")) == ["b-1"]

    def test_what_is_there_is_found_by_its_id(self, ledger: Ledger) -> None:
        ledger.save_upload(UPLOAD)
        ledger.create(BATCH)
        assert ledger.found(["b-1", "u-1", "b-2", "u-2"]) == {"b-1": BATCH, "u-1": UPLOAD}
        assert ledger.found([]) == {}


def ids(positions: Iterator[str]) -> list[str]:
    return [place.partition("#")[2] for place in positions]
