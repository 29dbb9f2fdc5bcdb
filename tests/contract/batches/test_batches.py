"""The ports of bulk intake: the fakes in memory, and DynamoDB, S3 and Step Functions on moto."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamodb.control.batches import DynamoDbLedger, DynamoDbOrderRows
from chalicelib.adapters.dynamodb.orders.projection import DynamoDbProjection
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.memory.batches import MemoryBulkEngine, MemoryFiles, MemoryLedger
from chalicelib.adapters.s3.batches import S3Files, S3Mappings
from chalicelib.adapters.step_functions import StepFunctionsBulkEngine
from chalicelib.batches.ports import BulkEngine, Files, Ledger
from tests.contract.batches.batch_files_contract import FilesContract
from tests.contract.batches.batch_ledger_contract import LedgerContract
from tests.support.aws import SETTINGS, moto_client, moto_dynamodb
from tests.support.builders import row

IAM_ROLE = "arn:aws:iam::123456789012:role/any"


class TestMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return MemoryLedger()


class TestDynamoDbLedger(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Iterator[Ledger]:
        with moto_dynamodb() as client:
            yield DynamoDbLedger(client, SETTINGS.name("control"), FixedClock())


class TestMemoryFiles(FilesContract):
    @pytest.fixture
    def files(self) -> Files:
        return MemoryFiles()

    def latest_version(self, files: Files, key: str) -> str:
        return files.stream(key).etag


class TestS3Files(FilesContract):
    @pytest.fixture
    def files(self) -> Iterator[Files]:
        with mock_aws():
            client = moto_client("s3")
            client.create_bucket(Bucket="batches", CreateBucketConfiguration={"LocationConstraint": SETTINGS.region})
            client.put_bucket_versioning(Bucket="batches", VersioningConfiguration={"Status": "Enabled"})
            yield S3Files(client, "batches")

    def latest_version(self, files: Files, key: str) -> str:
        assert isinstance(files, S3Files)
        return str(files.client.head_object(Bucket=files.bucket, Key=key)["VersionId"])


class EngineContract:
    @pytest.fixture
    def engine(self) -> BulkEngine:
        raise NotImplementedError

    def test_an_attempt_starts_once(self, engine: BulkEngine) -> None:
        assert not engine.is_running("b-1", 1)
        assert engine.start("b-1", 1)
        assert engine.is_running("b-1", 1)
        assert not engine.is_running("b-1", 2)
        assert engine.start("b-1", 2)


class TestMemoryEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> BulkEngine:
        return MemoryBulkEngine()


class TestStepFunctionsEngine(EngineContract):
    @pytest.fixture
    def engine(self) -> Iterator[BulkEngine]:
        with mock_aws():
            client = moto_client("stepfunctions")
            definition = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 99, "End": True}}}
            client.create_state_machine(name=SETTINGS.name("bulk"), definition=json.dumps(definition), roleArn=IAM_ROLE)
            yield StepFunctionsBulkEngine(client, SETTINGS.bulk_state_machine_arn)

    def test_an_attempt_that_has_ended_is_not_started_again(self, engine: StepFunctionsBulkEngine) -> None:
        engine.start("b-1", 1)
        arn = SETTINGS.bulk_state_machine_arn.replace("stateMachine", "execution") + ":b-1-1"
        engine.client.stop_execution(executionArn=arn)
        assert not engine.start("b-1", 1)
        assert not engine.is_running("b-1", 1)


def test_rows_of_more_orders_than_one_call_reads() -> None:
    with moto_dynamodb() as client:
        clock, ids = FixedClock(), SequentialIds()
        projection = DynamoDbProjection(client, SETTINGS.name("orders"), clock, ids)
        for number in range(120):
            projection.put(row(f"o-{number}"))
        reader = DynamoDbOrderRows(client, SETTINGS.name("orders"), clock, ids)
        asked = [f"o-{number}" for number in range(130)] + ["o-1"]
        assert set(reader.rows(asked)) == {f"o-{number}" for number in range(120)}
        assert reader.rows([]) == {}


def test_a_published_mapping_is_found_and_a_missing_one_is_none() -> None:
    with mock_aws():
        client = moto_client("s3")
        client.create_bucket(Bucket="reference", CreateBucketConfiguration={"LocationConstraint": SETTINGS.region})
        mappings = S3Mappings(client, "reference")
        assert mappings.text("sap-emea", "default") is None
        assert mappings.publish("sap-emea", "default", "ä = 1\n") == "mappings/sap-emea/default.toml"
        assert mappings.text("sap-emea", "default") == "ä = 1\n"
