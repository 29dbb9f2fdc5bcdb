"""The token store's contract, kept by both adapters; and what only the table shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.control.tokens import DynamoDbTokens
from chalicelib.adapters.dynamodb.tables import TTL_ATTRIBUTES
from chalicelib.adapters.memory.tokens import MemoryTokens
from chalicelib.auth.tokens import TokenStore
from chalicelib.domain.errors import DependencyTimeout, Misconfigured
from tests.contract.control.tokens_contract import TokensContract, record
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import NOW
from tests.support.faults.faults import lose_answers

TABLE = SETTINGS.name("control")


class TestMemoryTokens(TokensContract):
    @pytest.fixture
    def adapter(self) -> TokenStore:
        return MemoryTokens()


class TestDynamoDbTokens(TokensContract):
    @pytest.fixture
    def adapter(self) -> Iterator[TokenStore]:
        with moto_dynamodb() as client:
            yield DynamoDbTokens(client, TABLE)


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as made:
        yield made


def test_other_records_of_the_table_are_no_tokens(client: Any) -> None:
    client.put_item(TableName=TABLE, Item={"pk": {"S": "JOBS"}, "sk": {"S": "TOKEN"}})
    tokens = DynamoDbTokens(client, TABLE)
    tokens.create(record())
    assert list(tokens.all()) == [record()]


def test_a_long_list_is_read_to_its_end(client: Any) -> None:
    """More than the 1 MB of one page."""
    tokens = DynamoDbTokens(client, TABLE)
    for number in range(3):
        filler = {"pk": {"S": f"FILLER#{number}"}, "sk": {"S": "X"}, "data": {"S": "x" * 390_000}}
        client.put_item(TableName=TABLE, Item=filler)
        tokens.create(record(f"abcdefghijk{'abc'[number]}"))
    assert len(list(tokens.all())) == 3


def test_the_table_deletes_a_record_long_after_its_token_has_expired(client: Any) -> None:
    """The table's time to live must not be the token's: an audit asks later."""
    tokens = DynamoDbTokens(client, TABLE)
    tokens.create(record())
    tokens.expire_by("abcdefghijkl", NOW + timedelta(days=1))
    (item,) = client.scan(TableName=TABLE)["Items"]
    deleted_at = int(item[TTL_ATTRIBUTES["control"]]["N"])
    assert deleted_at == int((NOW + timedelta(days=401)).timestamp())


def test_creating_recognises_its_own_record_after_a_lost_answer(client: Any) -> None:
    lose_answers(client, "PutItem", times=1)  # the SDK repeats the call, whose condition then fails
    assert DynamoDbTokens(client, TABLE).create(record())


def test_errors_say_what_happens_next(client: Any) -> None:
    with pytest.raises(Misconfigured, match="GetItem"):
        DynamoDbTokens(client, "no-such-table").get("abcdefghijkl")
    lose_answers(client, "GetItem", times=10)
    with pytest.raises(DependencyTimeout):
        DynamoDbTokens(client, TABLE).get("abcdefghijkl")
