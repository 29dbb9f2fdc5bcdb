"""The poller's state in memory, in DynamoDB (moto) and in the benchmarks' SQLite file keeps one contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.sqlite_state import SqliteState
from poller.state.dynamodb import DynamoDbWatermarks
from poller.state.dynamodb_findings import DynamoDbFindings
from poller.state.dynamodb_snapshots import DynamoDbSnapshots
from poller.state.memory import MemoryFindings, MemorySnapshots, MemoryWatermarks
from tests.contract.poller_state.poller_state_contract import PollerStateContract, Stores
from tests.support.aws import SETTINGS, moto_dynamodb


class TestMemory(PollerStateContract):
    @pytest.fixture
    def stores(self) -> Stores:
        watermarks = MemoryWatermarks()
        return Stores(watermarks, MemoryFindings(), MemorySnapshots(watermarks))


class TestDynamoDb(PollerStateContract):
    @pytest.fixture
    def stores(self) -> Iterator[Stores]:
        with moto_dynamodb() as client:
            table = SETTINGS.name("control")
            yield Stores(
                DynamoDbWatermarks(client, table), DynamoDbFindings(client, table), DynamoDbSnapshots(client, table)
            )


class TestSqlite(PollerStateContract):
    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[Stores]:
        state = SqliteState(tmp_path / "state.db")
        yield Stores(state, state, state)
        state.close()
