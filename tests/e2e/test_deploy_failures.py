"""A deployment that fails says what, why and what to do, without a traceback; running it again goes on from there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.deploy.config.functions import FUNCTIONS
from local.deployment import DeployFailed, Deployment
from local.emulator.aws import LocalAws
from tests.support.e2e.deployed import copy_project

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without its requirements: these functions are deployed, not run."""
    folder = copy_project(tmp_path_factory.mktemp("failing"))
    (folder / "requirements.txt").write_text("")
    return folder


def failure(deployment: Deployment, stage: str = "local") -> str:
    """What `chalice deploy` prints while it fails."""
    with pytest.raises(DeployFailed) as failed:
        deployment.chalice("deploy", "--stage", stage)
    output = str(failed.value)
    assert "ended with 1" in output
    assert "Error: " in output
    assert "Traceback" not in output
    return output


def test_an_unknown_stage_is_refused_before_anything_is_asked_of_aws(project: Path) -> None:
    output = failure(Deployment(LocalAws(), project), stage="staging")
    assert "There is no stage 'staging'." in output
    assert "The stages are local, dev, prod." in output


def test_an_aws_that_does_not_answer(project: Path) -> None:
    output = failure(Deployment(LocalAws(), project))
    assert "Asking AWS who is deploying failed." in output
    assert "Could not connect" in output


def test_each_run_gets_further_than_the_one_before(project: Path) -> None:
    with LocalAws() as aws:
        deployment = Deployment(aws, project)

        url = aws.client("sqs").create_queue(QueueName="orderbridge-local-parking")["QueueUrl"]
        output = failure(deployment)
        assert "Stack orderbridge-local-resources could not be deployed and is now ROLLBACK_COMPLETE." in output
        assert "ParkingQueue (AWS::SQS::Queue)" in output
        assert aws.client("dynamodb").list_tables()["TableNames"] == []
        aws.client("sqs").delete_queue(QueueUrl=url)

        config = project / ".chalice" / "config.json"
        fresh = config.read_text()
        broken = json.loads(fresh)
        broken["stages"]["local"]["lambda_functions"]["authorize"]["lambda_memory_size"] = 1
        config.write_text(json.dumps(broken))
        output = failure(deployment)
        assert "removing what a failed attempt left (ROLLBACK_COMPLETE)" in output
        assert "Warning: .chalice is not fresh" in output
        assert "Chalice could not finish its part of the deployment." in output
        assert "MemorySize" in output
        config.write_text(fresh)

        logs, group = aws.client("logs"), "/aws/vendedlogs/states/orderbridge-local-order"
        logs.create_log_group(logGroupName=group)
        output = failure(deployment)
        assert "orderbridge-local-workflow" in output
        assert "OrderWorkflowLogs" in output
        logs.delete_log_group(logGroupName=group)

        deployment.deploy()
        mappings = aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        assert len(mappings) == len([function for function in FUNCTIONS if function.consumes]) + 1
        assert len(aws.client("lambda").list_functions()["Functions"]) == len(FUNCTIONS)
        assert len(aws.client("apigateway").get_rest_apis()["items"]) == 1
        machines = aws.client("stepfunctions").list_state_machines()["stateMachines"]
        assert {machine["name"].rpartition("-")[2] for machine in machines} == {"order", "bulk"}
