"""The contract of the failure switches' store, kept in memory and on DynamoDB (moto, and the local AWS)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.control.fault_switches import DynamoDbSwitchStore
from chalicelib.adapters.fault_injection.switches import SwitchStore
from chalicelib.adapters.memory.fault_switches import MemorySwitchStore
from local.emulator.aws import LocalAws
from tests.contract.control.switch_store_contract import SwitchStoreContract
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.local_aws import client_with_tables


class TestMemorySwitchStore(SwitchStoreContract):
    @pytest.fixture
    def store(self) -> SwitchStore:
        return MemorySwitchStore()


class TestDynamoDbSwitchStore(SwitchStoreContract):
    parallel = False

    @pytest.fixture
    def store(self) -> Iterator[SwitchStore]:
        with moto_dynamodb() as client:
            yield DynamoDbSwitchStore(client, SETTINGS.name("control"))


class TestDynamoDbSwitchStoreOnLocalAws(SwitchStoreContract):
    @pytest.fixture
    def store(self, local_aws: LocalAws) -> SwitchStore:
        client, settings = client_with_tables(local_aws)
        return DynamoDbSwitchStore(client, settings.name("control"))
