"""Whoever knows that something was published sees it at once, without waiting for the copy to grow old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from botocore.exceptions import ReadTimeoutError

from chalicelib.adapters.memory import FixedClock, MemoryReferenceData
from chalicelib.adapters.s3.reference_data import S3ReferenceData
from chalicelib.adapters.s3.reference_records import CUSTOMERS, HOLDS, PRODUCTS
from tests.contract.reference_data.test_reference_data import WatchedS3, clock, cold, moto_s3, named, publish, s3
from tests.support.builders import NOW

__all__ = ["clock", "cold", "moto_s3", "s3"]


def test_what_was_published_before_a_moment_is_seen_from_then_on(
    s3: WatchedS3, cold: Callable[[], S3ReferenceData], clock: FixedClock
) -> None:
    publish(s3, PRODUCTS, [named("old")])
    reader = cold()
    assert not reader.look_again(clock.now()), "nothing was looked at yet"
    reader.product("WIDGET-1")
    clock.advance(5)
    publish(s3, PRODUCTS, [named("new")])
    assert not reader.look_again(clock.now() - timedelta(seconds=5)), "it was looked at then"
    assert reader.product("WIDGET-1") == named("old")
    assert reader.look_again(clock.now())
    assert reader.product("WIDGET-1") == named("new")
    assert not reader.look_again(clock.now())
    assert s3.asked == ["products"] * 2


def test_only_what_was_looked_at_is_looked_at_again(
    s3: WatchedS3, cold: Callable[[], S3ReferenceData], clock: FixedClock
) -> None:
    for data_set in (CUSTOMERS, PRODUCTS, HOLDS):
        publish(s3, data_set, [])
    reader = cold()
    reader.customer("C-1")
    clock.advance(1)
    assert reader.look_again(clock.now())
    reader.customer("C-1")
    reader.customer("C-1")
    assert s3.asked == ["customers"] * 2


def test_while_s3_fails_looking_again_finds_what_was_known(
    s3: WatchedS3, cold: Callable[[], S3ReferenceData], clock: FixedClock
) -> None:
    publish(s3, PRODUCTS, [named("old")])
    reader = cold()
    reader.product("WIDGET-1")
    clock.advance(5)
    s3.failure = ReadTimeoutError(endpoint_url="https://s3")
    assert reader.look_again(clock.now())
    assert reader.product("WIDGET-1") == named("old")


def test_in_memory_there_is_nothing_older() -> None:
    assert not MemoryReferenceData().look_again(NOW)
