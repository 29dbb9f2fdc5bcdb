"""What every store of idempotency keys promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.ports.idempotency import IdempotencyKeys, KeptAnswer, KeyRecord
from tests.support.builders import NOW

FIRST = KeyRecord("print", "holder-1", NOW + timedelta(seconds=30), NOW + timedelta(hours=24))
SECOND = replace(FIRST, holder="holder-2")
ANSWER = KeptAnswer(202, {"Location": "./orders/o-1"}, '{"order_id":"o-1","ä":1}')


class IdempotencyKeysContract:
    @pytest.fixture
    def keys(self) -> IdempotencyKeys:
        raise NotImplementedError

    def test_a_key_is_claimed_once(self, keys: IdempotencyKeys) -> None:
        assert keys.claim("k", FIRST, NOW) is None
        assert keys.claim("k", SECOND, NOW) == FIRST
        assert keys.claim("another", SECOND, NOW) is None

    def test_a_claim_whose_answer_was_lost_is_repeated(self, keys: IdempotencyKeys) -> None:
        assert keys.claim("k", FIRST, NOW) is None
        assert keys.claim("k", FIRST, NOW) is None

    def test_the_answer_comes_back_whole(self, keys: IdempotencyKeys) -> None:
        keys.claim("k", FIRST, NOW)
        keys.complete("k", replace(FIRST, answer=ANSWER))
        assert keys.claim("k", SECOND, NOW + timedelta(hours=23)) == replace(FIRST, answer=ANSWER)

    def test_a_key_that_was_released_is_free(self, keys: IdempotencyKeys) -> None:
        keys.claim("k", FIRST, NOW)
        keys.release("k", "holder-1")
        keys.release("k", "holder-1")
        assert keys.claim("k", SECOND, NOW) is None

    def test_a_dead_holder_is_replaced_by_the_same_request_only(self, keys: IdempotencyKeys) -> None:
        keys.claim("k", FIRST, NOW)
        later = NOW + timedelta(seconds=30)
        assert keys.claim("k", SECOND, later - timedelta(milliseconds=1)) == FIRST
        assert keys.claim("k", replace(SECOND, fingerprint="other"), later) == FIRST
        assert keys.claim("k", SECOND, later) is None

    def test_whoever_was_taken_for_dead_changes_nothing(self, keys: IdempotencyKeys) -> None:
        keys.claim("k", FIRST, NOW)
        second = replace(SECOND, locked_until=NOW + timedelta(minutes=2))
        assert keys.claim("k", second, NOW + timedelta(minutes=1)) is None
        keys.complete("k", replace(FIRST, answer=ANSWER))
        keys.release("k", "holder-1")
        assert keys.claim("k", replace(FIRST, holder="holder-3"), NOW + timedelta(minutes=1)) == second

    def test_an_expired_key_is_free_for_anything(self, keys: IdempotencyKeys) -> None:
        keys.claim("k", FIRST, NOW)
        keys.complete("k", replace(FIRST, answer=ANSWER))
        assert keys.claim("k", replace(SECOND, fingerprint="other"), NOW + timedelta(hours=24)) is None
