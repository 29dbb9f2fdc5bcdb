"""What every store of dead letters, jobs and bookmarks does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.failures import FailedOrder
from chalicelib.ports import DeadLetter, DeadLetters
from chalicelib.recovery.group_jobs import Action, Job, Jobs
from chalicelib.recovery.ports import Bookmark
from tests.support.builders import NOW


def failed(order_id: str = "o-1", fingerprint: str = "aaaaaaaaaaaa", attempt: int = 1, minutes: int = 0) -> FailedOrder:
    at = NOW + timedelta(minutes=minutes)
    return FailedOrder(order_id, "c-1", "sap-emea", attempt, "CapturePayment", "KeyError", "'EUR'", fingerprint, at)


class DeadLettersContract:
    @pytest.fixture
    def adapter(self) -> DeadLetters:
        raise AssertionError("made by the subclass")

    def test_what_is_recorded_is_found(self, adapter: DeadLetters) -> None:
        letter = DeadLetter(failed(), redrive_at=NOW + timedelta(minutes=1))
        adapter.record(letter)
        assert adapter.get("aaaaaaaaaaaa", "o-1") == letter
        assert adapter.get("aaaaaaaaaaaa", "o-2") is None
        assert adapter.get("bbbbbbbbbbbb", "o-1") is None

    def test_an_announcement_is_remembered_until_the_letter_is_opened(self, adapter: DeadLetters) -> None:
        announced = DeadLetter(failed(), announced_at=NOW)
        adapter.record(announced)
        assert adapter.get("aaaaaaaaaaaa", "o-1") == announced
        assert [group.count for group in adapter.groups()] == [1]
        adapter.record(DeadLetter(failed()))
        assert adapter.get("aaaaaaaaaaaa", "o-1") == DeadLetter(failed())

    def test_groups_are_counted_the_latest_first(self, adapter: DeadLetters) -> None:
        for number in range(3):
            adapter.record(DeadLetter(failed(f"o-{number}", minutes=number)))
        adapter.record(DeadLetter(failed("o-9", "bbbbbbbbbbbb", minutes=9)))
        groups = adapter.groups()
        assert [(group.fingerprint, group.count) for group in groups] == [("bbbbbbbbbbbb", 1), ("aaaaaaaaaaaa", 3)]
        assert groups[1].first_failed_at == NOW
        assert groups[1].last_failed_at == NOW + timedelta(minutes=2)
        assert (groups[1].step, groups[1].error, groups[1].message) == ("CapturePayment", "KeyError", "'EUR'")

    def test_a_repeat_is_one_letter(self, adapter: DeadLetters) -> None:
        adapter.record(DeadLetter(failed()))
        adapter.record(DeadLetter(failed()))
        assert [group.count for group in adapter.groups()] == [1]

    def test_closing_removes_the_letter_and_its_empty_group(self, adapter: DeadLetters) -> None:
        adapter.record(DeadLetter(failed()))
        adapter.close(failed())
        adapter.close(failed())
        assert adapter.get("aaaaaaaaaaaa", "o-1") is None
        assert adapter.groups() == []

    def test_the_letter_of_a_later_attempt_stays(self, adapter: DeadLetters) -> None:
        adapter.record(DeadLetter(failed(attempt=2)))
        adapter.close(failed(attempt=1))
        assert adapter.get("aaaaaaaaaaaa", "o-1") is not None

    def test_a_group_is_read_in_pages(self, adapter: DeadLetters) -> None:
        for number in range(7):
            adapter.record(DeadLetter(failed(f"o-{number}")))
        first = adapter.in_group("aaaaaaaaaaaa", limit=5)
        rest = adapter.in_group("aaaaaaaaaaaa", limit=5, after=first[-1].failed.order_id)
        assert [letter.failed.order_id for letter in (*first, *rest)] == [f"o-{number}" for number in range(7)]


class JobsContract:
    @pytest.fixture
    def adapter(self) -> Jobs:
        raise AssertionError("made by the subclass")

    def job(self, number: int) -> Job:
        return Job(f"20261123T10150{number}-x", "aaaaaaaaaaaa", Action.REDRIVE, 20, "anna", "fixed", 200, NOW)

    def test_saved_jobs_are_found_the_latest_first(self, adapter: Jobs) -> None:
        for number in range(3):
            adapter.save(self.job(number))
        assert adapter.load(self.job(1).job_id) == self.job(1)
        assert adapter.load("nonsense") is None
        assert list(adapter.latest(2)) == [self.job(2), self.job(1)]


class BookmarkContract:
    @pytest.fixture
    def adapter(self) -> Bookmark:
        raise AssertionError("made by the subclass")

    def test_a_position_is_kept(self, adapter: Bookmark) -> None:
        assert adapter.load() == ""
        adapter.save("FAILED abc")
        assert adapter.load() == "FAILED abc"
        adapter.save("")
        assert adapter.load() == ""
