"""The contract of the circuits' store, kept in memory and on DynamoDB (moto, and the local AWS)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.control.circuits import DynamoDbCircuitStore
from chalicelib.adapters.memory.circuits import MemoryCircuitStore
from chalicelib.adapters.resilience.circuits import Circuit, CircuitStore
from local.emulator.aws import LocalAws
from tests.contract.control.circuit_store_contract import CircuitStoreContract
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import NOW
from tests.support.faults.faults import lose_answers
from tests.support.local_aws import client_with_tables


class TestMemoryCircuitStore(CircuitStoreContract):
    @pytest.fixture
    def store(self) -> CircuitStore:
        return MemoryCircuitStore()


class TestDynamoDbCircuitStore(CircuitStoreContract):
    parallel = False

    @pytest.fixture
    def store(self) -> Iterator[CircuitStore]:
        with moto_dynamodb() as client:
            yield DynamoDbCircuitStore(client, SETTINGS.name("control"))


class TestDynamoDbCircuitStoreOnLocalAws(CircuitStoreContract):
    @pytest.fixture
    def store(self, local_aws: LocalAws) -> CircuitStore:
        client, settings = client_with_tables(local_aws)
        return DynamoDbCircuitStore(client, settings.name("control"))


def test_a_probe_that_was_won_without_an_answer_is_won() -> None:
    """The SDK repeats the write; without the token the winner would take himself for a loser and nobody would probe."""
    with moto_dynamodb() as client:
        store = DynamoDbCircuitStore(client, SETTINGS.name("control"))
        lose_answers(client, "PutItem", 1)
        assert store.change(Circuit("payment"), Circuit("payment").opened(NOW, 15.0, "t-1"))
