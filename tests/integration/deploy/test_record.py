"""The shared record of a deployment: whoever deploys begins with the newest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.deploy.record import KEY, DeploymentRecord
from tests.support.aws import moto_client

BUCKET = "record"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = moto_client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield client


def machine(s3: Any, folder: Path) -> DeploymentRecord:
    """A checkout on some machine."""
    return DeploymentRecord(s3, BUCKET, folder / "deployed" / "dev.json")


def chalice_records(record: DeploymentRecord, *names: str) -> None:
    record.file.parent.mkdir(parents=True, exist_ok=True)
    resources = [{"name": name, "resource_type": "lambda_function"} for name in names]
    record.file.write_text(json.dumps({"schema_version": "2.0", "resources": resources, "backend": "api"}))


def names(record: DeploymentRecord) -> list[str]:
    return [resource["name"] for resource in record.read().get("resources", ())]


def test_another_machine_goes_on_where_the_first_one_stopped(s3: Any, tmp_path: Path) -> None:
    laptop, pipeline = machine(s3, tmp_path / "laptop"), machine(s3, tmp_path / "pipeline")
    chalice_records(laptop, "rest_api")
    laptop.share()
    assert pipeline.fetch() is True
    assert names(pipeline) == ["rest_api"]

    chalice_records(pipeline, "rest_api", "sweep")
    pipeline.share()
    assert laptop.fetch() is True
    assert names(laptop) == ["rest_api", "sweep"]


def test_the_newest_record_is_not_fetched_again(s3: Any, tmp_path: Path) -> None:
    laptop = machine(s3, tmp_path)
    chalice_records(laptop, "rest_api")
    laptop.share()
    assert laptop.fetch() is False


def test_the_first_deployment_finds_no_record(s3: Any, tmp_path: Path) -> None:
    assert machine(s3, tmp_path).fetch() is False
    assert DeploymentRecord(s3, "no-such-bucket", tmp_path / "dev.json").fetch() is False


def test_a_local_record_stays_if_nothing_is_shared(s3: Any, tmp_path: Path) -> None:
    laptop = machine(s3, tmp_path)
    chalice_records(laptop, "rest_api")
    assert laptop.fetch() is False
    assert names(laptop) == ["rest_api"]


def test_what_a_failed_attempt_made_is_added_to_what_was_there(s3: Any, tmp_path: Path) -> None:
    laptop, pipeline = machine(s3, tmp_path / "laptop"), machine(s3, tmp_path / "pipeline")
    chalice_records(laptop, "sweep", "rest_api")
    made = [{"name": "sweep", "lambda_arn": "new"}, {"name": "mapping", "event_uuid": "u"}]
    laptop.keep_partial(made)
    pipeline.fetch()
    assert names(pipeline) == ["sweep", "rest_api", "mapping"]
    assert pipeline.read()["resources"][0]["lambda_arn"] == "new"
    assert pipeline.read()["schema_version"] == "2.0"


def test_deleting_what_was_never_deployed_needs_no_bucket(s3: Any, tmp_path: Path) -> None:
    record = DeploymentRecord(s3, "no-such-bucket", tmp_path / "deployed" / "dev.json")
    chalice_records(record)
    record.share()
    assert names(record) == []


def test_chalice_can_read_what_is_shared(s3: Any, tmp_path: Path) -> None:
    from chalice.config import DeployedResources

    laptop = machine(s3, tmp_path)
    chalice_records(laptop, "rest_api")
    laptop.share()
    shared = json.loads(s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    assert DeployedResources(shared).resource_names() == ["rest_api"]
