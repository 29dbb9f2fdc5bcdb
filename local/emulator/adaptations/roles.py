"""IAM evaluation: who is checked, by which policy.

MiniStack started with AUTH=true evaluates the policies of the caller of every API call: identity policies
(inline, attached, permissions boundary, session) with conditions, and the resource policies of S3, SQS, SNS,
Lambda, Secrets Manager and KMS. Root passes: the access key `test`, which `LocalAws` uses, and any key that is a
12-digit account number. A Lambda function calls with a session of its role, so that what its role lacks is
AccessDenied; the signature is verified. A role that does not exist is refused where one is named.

The service roles are not evaluated upstream where one service calls another. This module adds the two that break
a deployment on AWS: the state machine's role calling Lambda, and the function's role reading the source of an
event source mapping. Not evaluated, here as upstream: iam:PassRole; trust policies, except for AssumeRole itself;
the state machine's role for integrations other than Lambda; EventBridge, API Gateway, SNS and S3 calling a
function (`lambda:AddPermission`); SCPs; VPC endpoints.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.arn import parse_arn
from ministack.services import iam, lambda_svc, stepfunctions

Response = tuple[int, dict[str, str], bytes]

_role_of_execution: ContextVar[tuple[str, str] | None] = ContextVar("role_of_execution", default=None)

_MAPPING_ACTIONS = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"),
}


def is_allowed(role_arn: str, session: str, action: str, resource_arn: str) -> bool:
    """Whether the role may do it: its policies and boundary, together with the resource's own policy."""
    role = parse_arn(role_arn)
    name = role_arn.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{role.account_id}:assumed-role/{name}/{session}",
        principal_type="AssumedRole",
        principal_account=role.account_id,
        action=action,
        resource_arn=resource_arn,
        region=parse_arn(resource_arn).region,
    )
    limits = iam_evaluator._permissions_boundary(iam._roles, name, role.account_id)
    policies = iam_evaluator._gather_role_policies(name, role.account_id)
    result = iam_evaluator.evaluate(context, policies, *limits)
    service = action.partition(":")[0]
    found = iam_evaluator._resource_policy(service, resource_arn)
    if found is not None:
        required = service in iam_evaluator._POLICY_REQUIRED
        result = iam_evaluator.combine_resource_policy(result, context, *found, required=required, limits=limits)
    return bool(result.decision == "Allow")


def state_machines_act_as_their_role() -> None:
    """A state machine calls functions that its role may not invoke; AWS fails with Lambda.AWSLambdaException."""
    upstream_task = stepfunctions._execute_task
    upstream_call = stepfunctions._call_lambda

    def execute_task(state: Any, raw_input: Any, execution: dict[str, Any], context: Any) -> Any:
        machine_arn, _, _ = execution["stateMachineArn"].partition("/")  # a child of a Distributed Map: "machine/label"
        machine = stepfunctions._state_machines[machine_arn]
        token = _role_of_execution.set((machine["roleArn"], execution["name"]))
        try:
            return upstream_task(state, raw_input, execution, context)
        finally:
            _role_of_execution.reset(token)

    def call_lambda(func_ref: str, event: Any) -> Any:
        acting = _role_of_execution.get()
        action, function_arn = "lambda:InvokeFunction", _function_arn(func_ref)
        if acting and not is_allowed(*acting, action, function_arn):
            who = f"arn:aws:sts::{parse_arn(acting[0]).account_id}:assumed-role/{acting[0].rsplit('/', 1)[-1]}"
            raise stepfunctions._ExecutionError(
                "Lambda.AWSLambdaException",
                f"User: {who}/{acting[1]} is not authorized to perform: {action} on resource: {function_arn} "
                f"because no identity-based policy allows the {action} action (Service: Lambda, Status Code: 403)",
            )
        return upstream_call(func_ref, event)

    stepfunctions._execute_task = execute_task
    stepfunctions._call_lambda = call_lambda


def _function_arn(func_ref: str) -> str:
    return func_ref if func_ref.startswith("arn:") else str(lambda_svc._func_arn(func_ref))


def mappings_read_as_their_function() -> None:
    """Upstream reads queues and streams for a function whose role may not; AWS refuses to create the mapping."""
    upstream = lambda_svc._create_esm

    def create_mapping(data: dict[str, Any]) -> Response:
        if reason := unreadable_source(data):
            refused: Response = lambda_svc._invalid_parameter_value(reason)
            return refused
        answer: Response = upstream(data)
        return answer

    lambda_svc._create_esm = create_mapping


def unreadable_source(mapping: dict[str, Any]) -> str | None:
    """Why the function of a mapping to be made cannot read the source; None if it can, or does not exist."""
    source = str(mapping.get("EventSourceArn", ""))
    name, _qualifier, error = lambda_svc._resolve_existing_esm_function(mapping.get("FunctionName", ""))
    if error is not None or source.count(":") < 5:
        return None
    role = lambda_svc._functions[name]["config"]["Role"]
    for action in _MAPPING_ACTIONS.get(source.split(":")[2], ()):
        if not is_allowed(role, name, action, source):
            service, _, operation = action.partition(":")
            return f"The provided execution role does not have permissions to call {operation} on {service.upper()}"
    return None
