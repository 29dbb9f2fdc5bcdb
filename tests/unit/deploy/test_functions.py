"""The table of functions: complete, least privilege, timeouts that fit together, files that are fresh."""

from __future__ import annotations

import json
import re
from importlib import import_module
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.aws.clients import LONGEST_CALL_S
from chalicelib.deploy import generate
from chalicelib.deploy.config.functions import API_GATEWAY_TIMEOUT_S, API_HANDLER, BY_NAME, FUNCTIONS, Function
from chalicelib.deploy.config.placeholders import filled_in
from chalicelib.deploy.config.stages import STAGES, settings_of, unresolved
from chalicelib.deploy.templates.messaging import QUEUES
from chalicelib.settings import Settings
from chalicelib.workflow.table import ALL_STEPS
from local.emulator.aws import REPOSITORY

app: Any = import_module("app").app
SETTINGS = settings_of(STAGES["dev"], "eu-central-1", "123456789012")
MAX_INLINE_POLICY_CHARACTERS = 10_240  # IAM quota "Role inline policy size"

each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def statements(function: Function, settings: Settings = SETTINGS) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = function.policy(settings)["Statement"]
    return found


def test_the_table_names_exactly_the_functions_of_the_application() -> None:
    defined = [function.name for function in app.pure_lambda_functions]
    defined += [source.name for source in app.event_sources]
    defined += [handler.name for handler in app.builtin_auth_handlers]
    assert sorted(BY_NAME) == sorted([*defined, API_HANDLER])


def test_no_name_is_the_beginning_of_another() -> None:
    """Chalice believes that a log group exists if one does whose name begins alike, and never makes the shorter one."""
    names = [f"/aws/lambda/{function.name}" for function in FUNCTIONS]
    assert not [pair for pair in permutations(names, 2) if pair[1].startswith(pair[0])]


@each_function
def test_no_action_is_a_wildcard(function: Function) -> None:
    actions = [action for statement in statements(function) for action in statement["Action"]]
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+", action) for action in actions), actions


@each_function
def test_every_resource_is_one_of_the_stage_and_only_tracing_has_none(function: Function) -> None:
    open_to_all = [s["Sid"] for s in statements(function) if s["Resource"] == ["*"]]
    assert open_to_all == ["Trace"]
    for statement in statements(function):
        for resource in statement["Resource"]:
            assert resource == "*" or re.search(r"[:/]orderbridge(-dev\b|/dev/)", resource), resource


@each_function
def test_arns_name_the_account_and_region_unless_the_service_has_none(function: Function) -> None:
    for statement in statements(function):
        for resource in statement["Resource"]:
            arn = resource.split(":")
            assert resource == "*" or arn[2] == "s3" or arn[3:5] == ["eu-central-1", "123456789012"], resource


@each_function
def test_a_policy_fits_and_says_each_thing_once(function: Function) -> None:
    sids = [statement["Sid"] for statement in statements(function)]
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    assert len(re.sub(r"\s", "", json.dumps(function.policy(SETTINGS)))) < MAX_INLINE_POLICY_CHARACTERS


@each_function
def test_a_function_writes_no_log_but_its_own(function: Function) -> None:
    logs = [s for s in statements(function) if any(action.startswith("logs:") for action in s["Action"])]
    assert [s["Resource"] for s in logs] == [
        [f"arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/{function.aws_name(SETTINGS)}:*"]
    ]


def test_only_the_payment_steps_may_read_the_payment_secret() -> None:
    allowed = {function.name for function in FUNCTIONS if "/stripe-" in json.dumps(function.policy(SETTINGS))}
    assert allowed == {"capture_payment", "refund_payment"}


def test_nobody_may_delete_or_change_an_event() -> None:
    for function in FUNCTIONS:
        for statement in statements(function):
            if any(resource.endswith("-events") for resource in statement["Resource"]):
                assert not {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(statement["Action"]), function.name


@pytest.mark.parametrize("step", ALL_STEPS, ids=lambda step: step.function)
def test_timeouts_fit_call_in_function_in_state(step: Any) -> None:
    assert LONGEST_CALL_S < BY_NAME[step.function].timeout_s < step.timeout_s


def test_the_api_answers_before_api_gateway_gives_up() -> None:
    assert LONGEST_CALL_S < BY_NAME[API_HANDLER].timeout_s < API_GATEWAY_TIMEOUT_S


def test_every_consumed_queue_exists() -> None:
    assert {f.consumes for f in FUNCTIONS if f.consumes} <= {queue.name for queue in QUEUES}


def test_the_application_subscribes_to_the_queues_of_the_table() -> None:
    subscribed = {source.name: source.queue for source in app.event_sources if hasattr(source, "queue")}
    assert subscribed == {f.name: f"orderbridge-local-{f.consumes}" for f in FUNCTIONS if f.consumes}


def test_the_committed_files_are_fresh() -> None:
    assert generate.stale(REPOSITORY / ".chalice") == []


def test_a_changed_missing_or_superfluous_file_is_stale_until_written(tmp_path: Path) -> None:
    assert generate.write(tmp_path) == sorted(generate.generated())
    assert generate.stale(tmp_path) == []
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "policies/dev/sweep.json").unlink()
    (tmp_path / "policies/dev/gone_function.json").write_text("{}")
    stale = ["config.json", "policies/dev/gone_function.json", "policies/dev/sweep.json"]
    assert generate.stale(tmp_path) == stale
    assert generate.write(tmp_path) == stale
    assert generate.stale(tmp_path) == []


def test_every_function_of_every_stage_has_a_policy_file_of_its_own() -> None:
    files = [
        function["iam_policy_file"]
        for stage in generate.config()["stages"].values()
        for function in stage["lambda_functions"].values()
    ]
    assert len(files) == len(set(files)) == len(STAGES) * len(FUNCTIONS)
    assert set(files) < generate.generated().keys()


def test_only_prod_takes_real_payments_and_reserves_concurrency() -> None:
    stages = generate.config()["stages"]
    gateways = {name: stage["environment_variables"]["ORDERBRIDGE_PAYMENT_GATEWAY"] for name, stage in stages.items()}
    assert gateways == {"local": "sandbox", "dev": "sandbox", "prod": "stripe"}
    reserved = {name: "reserved_concurrency" in s["lambda_functions"]["sweep"] for name, s in stages.items()}
    assert reserved == {"local": False, "dev": False, "prod": True}


def test_no_placeholder_is_left_when_the_account_is_known() -> None:
    for function in FUNCTIONS:
        policy = filled_in(function.policy(unresolved(STAGES["dev"])), SETTINGS)
        assert policy == function.policy(SETTINGS)
