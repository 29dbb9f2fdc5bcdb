"""The second road to the same system: one CloudFormation template, out of `chalice package`.

    python -m chalicelib template --stage dev > merge.json
    chalice package --stage dev --merge-template merge.json out/

Chalice's template has the functions, their roles and the REST API. What is merged into it here is what `chalice deploy`
gets from the hook: all stacks, exact policies, names, versions behind the alias `live`, partial batch failures. Every
ARN is left to CloudFormation, so that one template serves any account and region.
"""

from __future__ import annotations

from typing import Any

from chalice.utils import to_cfn_resource_name

from chalicelib.deploy.chalice_hook.event_sources import RESPONSE_TYPES
from chalicelib.deploy.config.functions import API_HANDLER, FUNCTIONS, Function
from chalicelib.deploy.config.placeholders import ACCOUNT, left_to_cloudformation
from chalicelib.deploy.config.stages import Stage, unresolved
from chalicelib.deploy.templates import bulk, resources, workflow
from chalicelib.deploy.templates.messaging import QUEUES
from chalicelib.settings import Settings
from chalicelib.workflow.definition import function_names

API_LOGS = "ApiLogs"


def merge_template(stage: Stage) -> dict[str, Any]:
    """What is to be merged into Chalice's template; where both say something, this wins."""
    settings = unresolved(stage)
    data = resources.template(stage, settings)["Resources"]
    del data[API_LOGS]  # Chalice's template has a log group for every function, and here it gets the right name
    deployed = workflow.resources(stage, settings, resources.events_stream())
    deployed["ProjectEventsMapping"]["DependsOn"] = [function_id("project_events")]
    deployed |= bulk.resources(stage, settings)
    for of_starter in ("UploadRulePermission", "UploadRuleRetries"):
        deployed[of_starter]["DependsOn"] = [function_id("start_batch")]
    merged: dict[str, Any] = {**data, **deployed}
    for function in FUNCTIONS:
        merged |= _function(function, settings)
    merged["RestAPI"] = {"Properties": {"TracingEnabled": True}}
    document: dict[str, Any] = left_to_cloudformation({"Resources": merged})
    return document


def function_id(name: str) -> str:
    """Chalice's logical id of a function."""
    return "APIHandler" if name == API_HANDLER else str(to_cfn_resource_name(name))


def _function(function: Function, settings: Settings) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "FunctionName": function.aws_name(settings),
        "Environment": {"Variables": {"ORDERBRIDGE_ACCOUNT_ID": ACCOUNT}},
    }
    if function.name in function_names():
        properties["AutoPublishAlias"] = workflow.LIVE
    merged: dict[str, Any] = {"Properties": properties}
    if function.consumes:
        event = to_cfn_resource_name(f"{function.name}-sqs-event-source")
        properties["Events"] = {event: {"Properties": {"FunctionResponseTypes": RESPONSE_TYPES}}}
        merged["DependsOn"] = [queue.logical_id for queue in QUEUES if queue.name == function.consumes]
    role = {
        "RoleName": f"orderbridge-{settings.stage}-{function.name}",
        "Policies": [{"PolicyName": "needs", "PolicyDocument": function.policy(settings)}],
    }
    return {
        function_id(function.name): merged,
        to_cfn_resource_name(f"{function.name}_role"): {"Properties": role},
        to_cfn_resource_name(f"{function.name}-log-group"): {
            "Properties": {"LogGroupName": function.log_group(settings)}
        },
    }
