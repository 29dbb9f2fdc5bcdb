"""Processes that share one directory of copies: none ever sees half a file, whatever the others do."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.s3.reference_files import ReferenceFile, encode
from chalicelib.adapters.s3.reference_objects import ReferenceObjects
from chalicelib.adapters.s3.reference_records import PRODUCTS
from chalicelib.domain.reference import Product
from local.emulator.aws import LocalAws

BUCKET = "orderbridge-test-reference"
LAST_VERSION = 12


@pytest.fixture(scope="module")
def aws(local_aws: LocalAws) -> LocalAws:
    location = {"LocationConstraint": local_aws.region}
    local_aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    return local_aws


def publish(client: Any, version: int) -> None:
    """2,000 products that are all named after the version: half a megabyte, so that writing takes a while."""
    products = [Product(f"SKU-{number:05}", str(version)) for number in range(2000)]
    content = encode(PRODUCTS, products)
    ReferenceObjects(client, BUCKET).put("products", content, ReferenceFile(PRODUCTS, content).sha256, len(products))


class Reader:
    """A process that reads until it sees the last version."""

    def __init__(self, aws: LocalAws, directory: Path, output: Path) -> None:
        module = "tests.contract.reference_data.reference_reader_process"
        command = [sys.executable, "-m", module, aws.endpoint_url, BUCKET, str(directory), str(LAST_VERSION)]
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file, env=aws.environment())

    def seen(self) -> list[tuple[str, str]]:
        """The two versions of each round; there are log lines in the output, too."""
        words = [line.split() for line in self.output.read_text().splitlines() if line.startswith("seen ")]
        return [(first, last) for _, first, last in (w for w in words if len(w) == 3)]

    def wait_until_it_reads(self) -> None:
        deadline = time.monotonic() + 600
        while not self.seen():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, "the process does not begin"
            time.sleep(0.01)


@pytest.fixture
def readers(aws: LocalAws, tmp_path: Path) -> Iterator[list[Reader]]:
    publish(aws.client("s3"), 0)
    started = [Reader(aws, tmp_path / "cache", tmp_path / f"output-{number}") for number in range(3)]
    yield started
    for reader in started:
        reader.process.kill()
        reader.process.wait()


def test_two_processes_at_once_see_whole_versions_only(aws: LocalAws, readers: list[Reader], tmp_path: Path) -> None:
    """While versions are published, a third process is killed in the middle and the copy on disk is damaged."""
    client, copy = aws.client("s3"), tmp_path / "cache" / f"{BUCKET}.products.json"
    for reader in readers:
        reader.wait_until_it_reads()
    killed, *going_on = readers
    for version in range(1, LAST_VERSION + 1):
        publish(client, version)
        if version == LAST_VERSION // 2:
            killed.process.kill()
        if version % 5 == 0:
            copy.write_bytes(copy.read_bytes()[:100_000])
    for reader in going_on:
        assert reader.process.wait(timeout=600) == 0, reader.output.read_text()
        assert all(first == last for first, last in reader.seen()), "half of one version, half of another"
        versions = [int(first) for first, _ in reader.seen()]
        assert versions == sorted(versions), "an older version after a newer one"
        assert {0, LAST_VERSION} <= set(versions)
    ReferenceFile(PRODUCTS, copy.read_bytes().partition(b"\n")[2])
    assert len(list(copy.parent.glob("*.part"))) <= 1, "only the killed process may leave something behind"


def test_the_local_s3_answers_conditional_requests_as_s3_does(aws: LocalAws) -> None:
    client = aws.client("s3")
    publish(client, 1)
    objects = ReferenceObjects(client, BUCKET)
    answer = objects.get("products")
    assert answer is not None
    assert objects.get("products", answer[0]) is None
    publish(client, 2)
    assert objects.get("products", answer[0]) is not None
