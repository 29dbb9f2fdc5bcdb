"""The outbox's contract, kept by both adapters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.acknowledgements.outbox import Outbox
from chalicelib.adapters.dynamodb.control.outbox import DynamoDbOutbox
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.errors import Contention
from tests.contract.control.outbox_contract import OutboxContract, entry
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.faults.faults import HookedClient, cancel


class TestMemoryOutbox(OutboxContract):
    @pytest.fixture
    def adapter(self) -> Outbox:
        return MemoryOutbox()


class TestDynamoDbOutbox(OutboxContract):
    @pytest.fixture
    def adapter(self) -> Iterator[Outbox]:
        with moto_dynamodb() as client:
            yield DynamoDbOutbox(client, SETTINGS.name("control"))


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_an_entry_that_cannot_be_moved_just_now_is_tried_again_later(code: str) -> None:
    """Not a mistake of ours that waits for a person: the next poll does it."""
    with moto_dynamodb() as client:
        places = ("transact_write_items", 1), ("transact_write_items", 2)
        outbox = DynamoDbOutbox(HookedClient(client, dict.fromkeys(places, cancel(code))), SETTINGS.name("control"))
        outbox.put(entry())
        with pytest.raises(Contention, match=code):
            outbox.park(entry(), "unknown order")
        with pytest.raises(Contention, match=code):
            outbox.unpark(entry())
        assert outbox.pending(entry().source, 10) == (entry(),)


def test_an_entry_of_a_release_that_knew_no_revisions_is_of_the_first() -> None:
    with moto_dynamodb() as client:
        table = SETTINGS.name("control")
        outbox = DynamoDbOutbox(client, table)
        outbox.put(entry())
        (item,) = client.scan(TableName=table)["Items"]
        del item["revision"]
        client.put_item(TableName=table, Item=item)
        assert outbox.pending(entry().source, 10) == (entry(),)
