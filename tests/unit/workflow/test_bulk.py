"""The bulk state machine: what it promises can be read off its definition, and it runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.deploy.config.functions import BY_NAME
from chalicelib.deploy.config.stages import STAGES, Stage
from chalicelib.deploy.stack_updates import MAX_TEMPLATE_BYTES
from chalicelib.deploy.templates.bulk import UPLOAD_NOTICE_RETRIES, template
from chalicelib.domain.errors import TransientError, subclasses
from chalicelib.settings import Settings
from chalicelib.workflow import bulk
from local.emulator.adaptations.state_language import problems

MACHINE = bulk.definition(lambda name: f"arn:aws:lambda:eu-central-1:123456789012:function:{name}", "files", 7)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
PAGE_STATES: dict[str, dict[str, Any]] = STATES[bulk.MAP]["ItemProcessor"]["States"]
TASKS = {name: state for name, state in {**STATES, **PAGE_STATES}.items() if state["Type"] == "Task"}

each_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)


def test_it_is_a_state_machine() -> None:
    assert list(problems(json.dumps(MACHINE))) == []


def test_pages_run_side_by_side_as_many_as_allowed_and_some_may_fail() -> None:
    pages = STATES[bulk.MAP]
    assert (pages["MaxConcurrency"], pages["ToleratedFailurePercentage"]) == (7, bulk.TOLERATED_FAILED_PAGES_PERCENT)
    assert pages["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_retried_on_whatever_passes(name: str) -> None:
    retried = {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}
    assert set(subclasses(TransientError)) | {"Lambda.TooManyRequestsException", "States.Timeout"} <= retried


def test_whatever_fails_the_report_is_made() -> None:
    for name in ("SplitFile", bulk.MAP):
        (catcher,) = STATES[name]["Catch"]
        assert (catcher["ErrorEquals"], catcher["Next"]) == (["States.ALL"], "ReportBatch")


def test_functions_end_before_their_states() -> None:
    for name in bulk.function_names():
        state = next(state for state in TASKS.values() if state["Resource"].endswith(name))
        assert BY_NAME[name].timeout_s < state["TimeoutSeconds"]


@each_stage
def test_the_stack_can_be_sent_inline(stage: Stage) -> None:
    settings = Settings(stage.name, "ap-southeast-2", "123456789012")
    assert len(json.dumps(template(stage, settings), separators=(",", ":"))) < MAX_TEMPLATE_BYTES


@each_stage
def test_the_role_may_do_no_more_than_run_batches(stage: Stage) -> None:
    settings = Settings(stage.name, "eu-central-1", "123456789012")
    role = template(stage, settings)["Resources"]["BulkWorkflowRole"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    open_to_all = {statement["Sid"] for statement in statements if statement["Resource"] == ["*"]}
    assert open_to_all == {"DeliverLogs", "Trace"}
    invoked = next(statement["Resource"] for statement in statements if statement["Sid"] == "InvokeFunctions")
    assert invoked == [BY_NAME[name].arn(settings) for name in bulk.function_names()]


@each_stage
def test_an_upload_whose_notice_fails_is_seen_by_somebody(stage: Stage) -> None:
    """Its notice lands where the alarm messages-parked looks."""
    settings = Settings(stage.name, "eu-central-1", "123456789012")
    retries = template(stage, settings)["Resources"]["UploadRuleRetries"]["Properties"]
    assert retries["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":orderbridge-{stage.name}-parking")
    assert retries["MaximumRetryAttempts"] == UPLOAD_NOTICE_RETRIES
