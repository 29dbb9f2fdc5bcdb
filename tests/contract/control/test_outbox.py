"""The outbox's contract, kept by both adapters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.acknowledgements.outbox import Outbox
from chalicelib.adapters.dynamodb.control.outbox import DynamoDbOutbox
from chalicelib.adapters.memory.outbox import MemoryOutbox
from tests.contract.control.outbox_contract import OutboxContract
from tests.support.aws import SETTINGS, moto_dynamodb


class TestMemoryOutbox(OutboxContract):
    @pytest.fixture
    def adapter(self) -> Outbox:
        return MemoryOutbox()


class TestDynamoDbOutbox(OutboxContract):
    @pytest.fixture
    def adapter(self) -> Iterator[Outbox]:
        with moto_dynamodb() as client:
            yield DynamoDbOutbox(client, SETTINGS.name("control"))
