"""Dead letters, jobs and bookmarks in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.control.dead_letters import DynamoDbDeadLetters
from chalicelib.adapters.dynamodb.control.jobs import DynamoDbBookmark, DynamoDbJobs
from chalicelib.adapters.memory.recovery import MemoryBookmark, MemoryDeadLetters, MemoryJobs
from chalicelib.ports import DeadLetters
from chalicelib.recovery.group_jobs import Jobs
from chalicelib.recovery.ports import Bookmark
from tests.contract.control.dead_letters_contract import BookmarkContract, DeadLettersContract, JobsContract
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
