"""What every token store does: records come back whole, revocations stay, lifetimes only shrink."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.auth.tokens import Role, TokenRecord, TokenStore
from tests.support.builders import NOW


def record(token_id: str = "abcdefghijkl", **changes: object) -> TokenRecord:
    made = TokenRecord(
        token_id=token_id,
        role=Role.INGEST,
        source="sap-emea",
        label="SAP production",
        secret_hash="5d" * 32,
        created_at=NOW,
        expires_at=NOW + timedelta(days=90),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


class TokensContract:
    @pytest.fixture
    def adapter(self) -> TokenStore:
        raise NotImplementedError

    def test_a_record_comes_back_whole(self, adapter: TokenStore) -> None:
        stored = record(created_at=NOW + timedelta(microseconds=7))
        operator = record("mnopqrstuvwx", role=Role.OPERATE, source="", label="")
        assert adapter.create(stored)
        assert adapter.create(operator)
        assert adapter.get(stored.token_id) == stored
        assert adapter.get(operator.token_id) == operator

    def test_an_unknown_id_is_none(self, adapter: TokenStore) -> None:
        assert adapter.get("abcdefghijkl") is None
        assert adapter.revoke("abcdefghijkl", NOW) is None
        assert adapter.expire_by("abcdefghijkl", NOW) is None
        assert list(adapter.all()) == []

    def test_a_taken_id_is_not_overwritten(self, adapter: TokenStore) -> None:
        adapter.create(record())
        assert not adapter.create(record(secret_hash="6e" * 32, role=Role.OPERATE, source=""))
        assert adapter.get("abcdefghijkl") == record()

    def test_the_first_revocation_stays(self, adapter: TokenStore) -> None:
        adapter.create(record())
        first = adapter.revoke("abcdefghijkl", NOW + timedelta(hours=1))
        assert first == record(revoked_at=NOW + timedelta(hours=1))
        assert adapter.revoke("abcdefghijkl", NOW + timedelta(hours=2)) == first
        assert adapter.get("abcdefghijkl") == first

    def test_a_lifetime_shrinks_and_never_grows(self, adapter: TokenStore) -> None:
        adapter.create(record())
        sooner = record(expires_at=NOW + timedelta(hours=24))
        assert adapter.expire_by("abcdefghijkl", sooner.expires_at) == sooner
        assert adapter.expire_by("abcdefghijkl", NOW + timedelta(days=400)) == sooner
        assert adapter.get("abcdefghijkl") == sooner

    def test_all_names_each_once(self, adapter: TokenStore) -> None:
        records = {record(f"abcdefghijk{letter}") for letter in "abcdefgh"}
        for one in records:
            adapter.create(one)
        adapter.revoke("abcdefghijka", NOW)
        found = list(adapter.all())
        assert len(found) == len(records)
        assert {one.token_id for one in found} == {one.token_id for one in records}
