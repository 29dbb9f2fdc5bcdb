"""Reference data: the contract for both implementations, and what the cached reader does when S3 misbehaves."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from chalicelib.adapters.memory import FixedClock, MemoryReferenceData
from chalicelib.adapters.s3.reference_copies import ABANDONED_AFTER_S
from chalicelib.adapters.s3.reference_data import CATALOGUE_TTL_S, FAILURE_RETRY_S, HOLDS_TTL_S, S3ReferenceData
from chalicelib.adapters.s3.reference_files import MAX_FILE_BYTES, ReferenceFile, encode
from chalicelib.adapters.s3.reference_objects import ReferenceObjects
from chalicelib.adapters.s3.reference_records import CUSTOMERS, HOLDS, PRODUCTS, DataSet
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.observability import SERVICE, logger
from tests.contract.reference_data.reference_data_contract import PLAIN, RECALL, WIDGET, ReferenceDataContract
from tests.support.aws import SETTINGS, moto_client

BUCKET = SETTINGS.bucket("reference")


class WatchedS3:
    """An S3 client that writes down what is asked, and fails or damages answers when told to."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.damage: Callable[[bytes], bytes] | None = None
        self.claimed_size: int | None = None

    def get_object(self, **request: Any) -> Any:
        self.asked.append(request["Key"].removeprefix("reference/").removesuffix(".json"))
        if self.failure:
            raise self.failure
        answer = self._client.get_object(**request)
        if self.damage:
            answer["Body"] = _Body(answer["Body"], self.damage)
        answer["ContentLength"] = self.claimed_size or answer["ContentLength"]
        return answer

    def put_object(self, **request: Any) -> Any:
        return self._client.put_object(**request)


class _Body:
    def __init__(self, body: Any, damage: Callable[[bytes], bytes]) -> None:
        self._body, self._damage = body, damage

    def read(self) -> bytes:
        return self._damage(self._body.read())

    def close(self) -> None:
        self._body.close()


def publish(client: Any, data_set: DataSet[Any], records: Iterable[Any]) -> str:
    """What the publisher does; the version."""
    content = encode(data_set, records)
    file = ReferenceFile(data_set, content)
    return ReferenceObjects(client, BUCKET).put(data_set.name, content, file.sha256, file.count).strip('"')


def named(name: str) -> Product:
    return Product("WIDGET-1", name)


class TestMemoryReferenceData(ReferenceDataContract):
    def holding(
        self, customers: Iterable[Customer] = (), products: Iterable[Product] = (), holds: Iterable[DeliveryHold] = ()
    ) -> MemoryReferenceData:
        return MemoryReferenceData(customers, products, holds)


@pytest.fixture(scope="module")
def moto_s3() -> Iterator[Any]:
    with mock_aws():
        client = moto_client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": SETTINGS.region})
        yield client


@pytest.fixture
def s3(moto_s3: Any) -> WatchedS3:
    for data_set in (CUSTOMERS, PRODUCTS, HOLDS):
        moto_s3.delete_object(Bucket=BUCKET, Key=f"reference/{data_set.name}.json")
    return WatchedS3(moto_s3)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def cold(s3: WatchedS3, tmp_path: Path, clock: FixedClock) -> Callable[[], S3ReferenceData]:
    """Makes readers as a cold start does: nothing in memory, the same directory."""
    return lambda: S3ReferenceData(s3, BUCKET, tmp_path / "cache", clock)


@pytest.fixture
def copy_on_disk(tmp_path: Path) -> Path:
    return tmp_path / "cache" / f"{BUCKET}.products.json"


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """The warnings that were logged."""
    seen: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING:
                seen.append(record.getMessage())

    collector = Collector()
    logger()  # makes it, should nothing have logged yet
    log = logging.getLogger(SERVICE)
    log.addHandler(collector)
    yield seen
    log.removeHandler(collector)


class TestS3ReferenceData(ReferenceDataContract):
    @pytest.fixture(autouse=True)
    def _fixtures(self, s3: WatchedS3, cold: Callable[[], S3ReferenceData]) -> None:
        self.s3, self.cold = s3, cold

    def holding(
        self, customers: Iterable[Customer] = (), products: Iterable[Product] = (), holds: Iterable[DeliveryHold] = ()
    ) -> S3ReferenceData:
        publish(self.s3, CUSTOMERS, customers)
        publish(self.s3, PRODUCTS, products)
        publish(self.s3, HOLDS, holds)
        return self.cold()

    def test_fresh_data_is_answered_without_asking_s3(self, clock: FixedClock) -> None:
        reader = self.holding([PLAIN], [WIDGET], [RECALL])
        for _ in range(100):
            assert reader.product("WIDGET-1") == WIDGET
            assert reader.product("WIDGET-2") is None
        clock.advance(CATALOGUE_TTL_S - 1)
        reader.product("WIDGET-1")
        assert self.s3.asked == ["products"]

    def test_only_data_sets_that_are_needed_are_read(self) -> None:
        reader = self.holding([PLAIN], [WIDGET], [RECALL])
        reader.customer("C-1001")
        assert self.s3.asked == ["customers"]
        assert list(reader.versions()) == ["customers"]

    def test_unchanged_data_is_not_sent_again_and_is_fresh_for_another_ttl(self, clock: FixedClock) -> None:
        reader = self.holding(products=[WIDGET])
        reader.product("WIDGET-1")
        clock.advance(CATALOGUE_TTL_S)
        self.s3.damage = lambda _: pytest.fail("S3 sent the object again")
        for _ in range(10):
            assert reader.product("WIDGET-1") == WIDGET
        clock.advance(CATALOGUE_TTL_S - 1)
        reader.product("WIDGET-1")
        assert self.s3.asked == ["products"] * 2

    def test_changed_data_is_seen_after_the_ttl_with_its_version(self, clock: FixedClock) -> None:
        reader = self.holding(products=[named("old")])
        assert reader.product("WIDGET-1") == named("old")
        version = publish(self.s3, PRODUCTS, [named("new")])
        assert reader.versions()["products"] != version
        clock.advance(CATALOGUE_TTL_S)
        assert reader.product("WIDGET-1") == named("new")
        assert reader.versions() == {"products": version}

    def test_a_new_hold_is_seen_within_seconds(self, clock: FixedClock) -> None:
        reader = self.holding()
        assert reader.hold("sku", "WIDGET-1") is None
        publish(self.s3, HOLDS, [RECALL])
        clock.advance(HOLDS_TTL_S)
        assert reader.hold("sku", "WIDGET-1") == RECALL

    def test_the_next_process_revalidates_the_copy_on_disk(self) -> None:
        self.holding(products=[WIDGET]).product("WIDGET-1")
        self.s3.damage = lambda _: pytest.fail("S3 sent the object again")
        assert self.cold().product("WIDGET-1") == WIDGET
        assert self.s3.asked == ["products"] * 2

    def test_copies_of_another_bucket_are_not_used(self, clock: FixedClock, tmp_path: Path) -> None:
        self.holding(products=[WIDGET]).product("WIDGET-1")
        with pytest.raises(DependencyUnavailable):
            S3ReferenceData(self.s3, "another-bucket", tmp_path / "cache", clock).product("WIDGET-1")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b'"active":true', b'"active":null'),
        lambda content: b"",
        lambda content: b"<html>proxy error</html>\n",
        lambda content: content.replace(b'"format":1', b'"format":2'),
        lambda content: content.replace(b'"count":1', b'"count":2'),
        lambda content: encode(CUSTOMERS, [PLAIN]),
        lambda content: b"[" * 100_000 + content,
        lambda content: bytes(range(256)) * 100,
    ],
    ids=["cut", "half", "altered", "empty", "html", "future", "miscounted", "other data set", "nested", "binary"],
)
class TestDamagedContent:
    def test_a_damaged_object_leaves_the_copy_in_use_until_it_is_mended(
        self,
        damage: Callable[[bytes], bytes],
        s3: WatchedS3,
        cold: Callable[[], S3ReferenceData],
        clock: FixedClock,
        warnings: list[str],
        copy_on_disk: Path,
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        reader = cold()
        assert reader.product("WIDGET-1") == WIDGET
        good_copy = copy_on_disk.read_bytes()
        publish(s3, PRODUCTS, [named("new")])
        s3.damage = damage
        for _ in range(5):
            clock.advance(CATALOGUE_TTL_S)
            assert reader.product("WIDGET-1") == WIDGET
        assert len(warnings) == 1
        assert copy_on_disk.read_bytes() == good_copy
        s3.damage = None
        clock.advance(FAILURE_RETRY_S)
        assert reader.product("WIDGET-1") == named("new")

    def test_a_damaged_object_and_no_copy_is_a_failure_that_passes(
        self, damage: Callable[[bytes], bytes], s3: WatchedS3, cold: Callable[[], S3ReferenceData]
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        s3.damage = damage
        reader = cold()
        with pytest.raises(DependencyUnavailable, match="products cannot be read and no copy is cached"):
            reader.product("WIDGET-1")
        s3.damage = None
        assert reader.product("WIDGET-1") == WIDGET

    def test_a_damaged_copy_on_disk_is_fetched_again(
        self,
        damage: Callable[[bytes], bytes],
        s3: WatchedS3,
        cold: Callable[[], S3ReferenceData],
        copy_on_disk: Path,
        warnings: list[str],
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        cold().product("WIDGET-1")
        etag, _, content = copy_on_disk.read_bytes().partition(b"\n")
        copy_on_disk.write_bytes(etag + b"\n" + damage(content))
        assert cold().product("WIDGET-1") == WIDGET
        assert len(warnings) == 1
        assert copy_on_disk.read_bytes() == etag + b"\n" + content


def _refusal(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetObject")


@pytest.mark.parametrize(
    "failure",
    [
        ReadTimeoutError(endpoint_url="https://s3"),
        _refusal("SlowDown", 503),
        _refusal("InternalError", 500),
        _refusal("AccessDenied", 403),
        _refusal("NoSuchKey", 404),
        _refusal("NoSuchBucket", 404),
    ],
    ids=lambda failure: str(failure)[:60],
)
class TestS3Failing:
    def test_orders_go_on_with_the_copy_in_memory(
        self,
        failure: Exception,
        s3: WatchedS3,
        cold: Callable[[], S3ReferenceData],
        clock: FixedClock,
        warnings: list[str],
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        reader = cold()
        reader.product("WIDGET-1")
        version = reader.versions()
        s3.failure = failure
        for _ in range(20):
            clock.advance(CATALOGUE_TTL_S)
            assert reader.product("WIDGET-1") == WIDGET
        assert reader.versions() == version
        assert len(warnings) == 1

    def test_orders_go_on_with_the_copy_on_disk(
        self, failure: Exception, s3: WatchedS3, cold: Callable[[], S3ReferenceData], clock: FixedClock
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        cold().product("WIDGET-1")
        publish(s3, PRODUCTS, [named("new")])
        s3.failure = failure
        reader = cold()
        assert reader.product("WIDGET-1") == WIDGET
        s3.failure = None
        clock.advance(FAILURE_RETRY_S)
        assert reader.product("WIDGET-1") == named("new")

    def test_a_failing_s3_is_not_asked_for_each_order(
        self, failure: Exception, s3: WatchedS3, cold: Callable[[], S3ReferenceData], clock: FixedClock
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        reader = cold()
        reader.product("WIDGET-1")
        clock.advance(CATALOGUE_TTL_S)
        s3.failure = failure
        for _ in range(100):
            reader.product("WIDGET-1")
        assert len(s3.asked) == 2
        clock.advance(FAILURE_RETRY_S)
        reader.product("WIDGET-1")
        assert len(s3.asked) == 3

    def test_without_any_copy_the_order_waits(
        self, failure: Exception, s3: WatchedS3, cold: Callable[[], S3ReferenceData]
    ) -> None:
        publish(s3, PRODUCTS, [WIDGET])
        s3.failure = failure
        with pytest.raises(DependencyUnavailable, match="reference data is unavailable"):
            cold().product("WIDGET-1")


def test_an_s3_that_times_out_is_asked_for_one_data_set_only(
    s3: WatchedS3, cold: Callable[[], S3ReferenceData], clock: FixedClock
) -> None:
    """Each question may take as long as the client's timeouts allow; three of them would end the step's time."""
    publish(s3, CUSTOMERS, [PLAIN])
    publish(s3, PRODUCTS, [WIDGET])
    publish(s3, HOLDS, [])
    reader = cold()
    reader.customer("C-1001"), reader.product("WIDGET-1"), reader.hold("sku", "WIDGET-1")
    s3.failure, s3.asked = ReadTimeoutError(endpoint_url="https://s3"), []
    next_process = cold()
    assert next_process.customer("C-1001") == PLAIN
    assert next_process.product("WIDGET-1") == WIDGET
    assert next_process.hold("sku", "WIDGET-1") is None
    assert s3.asked == ["customers"]


def test_an_object_too_large_to_be_reference_data_is_not_even_read(
    s3: WatchedS3, cold: Callable[[], S3ReferenceData]
) -> None:
    publish(s3, PRODUCTS, [WIDGET])
    s3.claimed_size = MAX_FILE_BYTES + 1
    s3.damage = lambda _: pytest.fail("it was read")
    with pytest.raises(DependencyUnavailable, match="67108865 bytes"):
        cold().product("WIDGET-1")


def test_a_disk_that_cannot_be_written_does_not_stop_orders(
    s3: WatchedS3, clock: FixedClock, tmp_path: Path, warnings: list[str]
) -> None:
    publish(s3, PRODUCTS, [WIDGET])
    (tmp_path / "file").write_bytes(b"")
    reader = S3ReferenceData(s3, BUCKET, tmp_path / "file", clock)
    assert reader.product("WIDGET-1") == WIDGET
    assert warnings == ["reference data cannot be kept on disk"]


def test_what_a_killed_process_left_behind_is_removed(
    s3: WatchedS3, cold: Callable[[], S3ReferenceData], copy_on_disk: Path, clock: FixedClock
) -> None:
    publish(s3, PRODUCTS, [WIDGET])
    reader = cold()
    reader.product("WIDGET-1")
    abandoned, current = copy_on_disk.with_suffix(".1.part"), copy_on_disk.with_suffix(".2.part")
    abandoned.write_bytes(b"half")
    current.write_bytes(b"half")
    long_ago = copy_on_disk.stat().st_mtime - ABANDONED_AFTER_S - 1
    os.utime(abandoned, (long_ago, long_ago))
    publish(s3, PRODUCTS, [named("new")])
    clock.advance(CATALOGUE_TTL_S)
    reader.product("WIDGET-1")
    assert not abandoned.exists()
    assert current.exists()
