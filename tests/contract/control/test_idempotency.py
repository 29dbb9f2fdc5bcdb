"""The contract of idempotency keys, kept in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.control.idempotency import DynamoDbIdempotencyKeys
from chalicelib.adapters.memory.idempotency import MemoryIdempotencyKeys
from chalicelib.ports.idempotency import IdempotencyKeys
from local.emulator.aws import LocalAws
from tests.contract.control.idempotency_contract import IdempotencyKeysContract
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.local_aws import client_with_tables


class TestMemoryIdempotencyKeys(IdempotencyKeysContract):
    @pytest.fixture
    def keys(self) -> IdempotencyKeys:
        return MemoryIdempotencyKeys()


class TestDynamoDbIdempotencyKeys(IdempotencyKeysContract):
    @pytest.fixture
    def keys(self) -> Iterator[IdempotencyKeys]:
        with moto_dynamodb() as client:
            yield DynamoDbIdempotencyKeys(client, SETTINGS.name("control"))


class TestDynamoDbIdempotencyKeysOnLocalAws(IdempotencyKeysContract):
    @pytest.fixture
    def keys(self, local_aws: LocalAws) -> IdempotencyKeys:
        client, settings = client_with_tables(local_aws)
        return DynamoDbIdempotencyKeys(client, settings.name("control"))
