"""Dead letters, jobs and bookmarks in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.control.dead_letters import DynamoDbDeadLetters
from chalicelib.adapters.dynamodb.control.jobs import DynamoDbBookmark, DynamoDbJobs
from chalicelib.adapters.memory.recovery import MemoryBookmark, MemoryDeadLetters, MemoryJobs
from chalicelib.ports import DeadLetter, DeadLetters
from chalicelib.recovery.group_jobs import Jobs
from chalicelib.recovery.ports import Bookmark
from tests.contract.control.dead_letters_contract import BookmarkContract, DeadLettersContract, JobsContract, failed
from tests.support.aws import SETTINGS, moto_dynamodb

CONTROL = SETTINGS.name("control")


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class TestMemoryDeadLetters(DeadLettersContract):
    @pytest.fixture
    def adapter(self) -> DeadLetters:
        return MemoryDeadLetters()


class TestDynamoDbDeadLetters(DeadLettersContract):
    @pytest.fixture
    def adapter(self, dynamodb: Any) -> DeadLetters:
        return DynamoDbDeadLetters(dynamodb, CONTROL)


@dataclass
class RecordsWhileItCounts:
    """DynamoDB's client; a letter is recorded once right after an empty group was counted."""

    client: Any
    letter: DeadLetter | None

    def __getattr__(self, operation: str) -> Any:
        return getattr(self.client, operation)

    def query(self, **request: Any) -> Any:
        answer = self.client.query(**request)
        if request.get("Select") == "COUNT" and self.letter is not None:
            letter, self.letter = self.letter, None
            DynamoDbDeadLetters(self.client, CONTROL).record(letter)
        return answer


def test_a_letter_that_is_recorded_again_while_its_group_is_removed_keeps_it(dynamodb: Any) -> None:
    """With the same time of failure as before, so that only the count of writes tells that it was recorded."""
    letters = DynamoDbDeadLetters(dynamodb, CONTROL)
    letters.record(DeadLetter(failed()))
    letters.close(failed())
    beside = DynamoDbDeadLetters(RecordsWhileItCounts(dynamodb, DeadLetter(failed())), CONTROL)
    assert beside.groups() == []
    assert [group.count for group in letters.groups()] == [1]


class TestMemoryJobs(JobsContract):
    @pytest.fixture
    def adapter(self) -> Jobs:
        return MemoryJobs()


class TestDynamoDbJobs(JobsContract):
    @pytest.fixture
    def adapter(self, dynamodb: Any) -> Jobs:
        return DynamoDbJobs(dynamodb, CONTROL)


class TestMemoryBookmark(BookmarkContract):
    @pytest.fixture
    def adapter(self) -> Bookmark:
        return MemoryBookmark()


class TestDynamoDbBookmark(BookmarkContract):
    @pytest.fixture
    def adapter(self, dynamodb: Any) -> Bookmark:
        return DynamoDbBookmark(dynamodb, CONTROL, "test")
