"""What every ledger does: claims once, refuses stale versions, keeps pages in order."""

from __future__ import annotations

from dataclasses import replace

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
