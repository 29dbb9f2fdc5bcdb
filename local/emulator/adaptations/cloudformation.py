"""CloudFormation: what exists already is not created again, and tables get all that the template says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs, dynamodb, eventbridge, lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local.emulator.adaptations import roles, state_language

Created = tuple[str, dict[str, Any]]
Properties = dict[str, Any]

_NAMED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "AWS::DynamoDB::Table": ("TableName", lambda name: dynamodb._tables.get(name)),
    "AWS::Events::EventBus": ("Name", lambda name: eventbridge._event_buses.get(name)),
    "AWS::Logs::LogGroup": ("LogGroupName", lambda name: cloudwatch_logs._log_groups.get(name)),
    "AWS::SQS::Queue": ("QueueName", lambda name: sqs._queues.get(sqs._queue_url(name))),
}


def existing_resources_are_refused() -> None:
    """A stack that creates a table under a name that is taken empties the table upstream.

    AWS: CREATE_FAILED, "Resource of type ... with identifier ... already exists", and the data stay. A table kept
    by `DeletionPolicy: Retain` comes back into a stack by a change set of type IMPORT, which works here too.
    """
    for resource_type, (name_property, find) in _NAMED.items():
        handlers = provisioners._RESOURCE_HANDLERS[resource_type]
        handlers["create"] = _refusing(handlers["create"], resource_type, name_property, find)


def _refusing(
    create: Callable[..., Created], resource_type: str, name_property: str, find: Callable[[str], Any]
) -> Callable[..., Created]:
    def create_unless_there(logical_id: str, properties: Properties, stack_name: str) -> Created:
        name = properties.get(name_property)
        if name and find(name) is not None:
            raise ValueError(f"Resource of type '{resource_type}' with identifier '{name}' already exists.")
        return create(logical_id, properties, stack_name)

    return create_unless_there


def table_options() -> None:
    """TimeToLiveSpecification and PointInTimeRecoverySpecification of a table are ignored upstream."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, update = handlers["create"], handlers["update"]

    def create_with_options(logical_id: str, properties: Properties, stack_name: str) -> Created:
        created: Created = create(logical_id, properties, stack_name)
        _set_options(created[0], properties)
        return created

    def update_with_options(physical_id: str, old: Properties, new: Properties, *rest: Any, **options: Any) -> Created:
        updated: Created = update(physical_id, old, new, *rest, **options)
        _set_options(updated[0], new)
        return updated

    handlers.update(create=create_with_options, update=update_with_options)


def _set_options(table: str, properties: Properties) -> None:
    if time_to_live := properties.get("TimeToLiveSpecification"):
        enabled = str(time_to_live.get("Enabled")).lower() == "true"
        specification = {"AttributeName": time_to_live["AttributeName"], "Enabled": enabled}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": specification})
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        enabled = str(recovery.get("PointInTimeRecoveryEnabled")).lower() == "true"
        specification = {"PointInTimeRecoveryEnabled": enabled}
        dynamodb._update_continuous_backups({"TableName": table, "PointInTimeRecoverySpecification": specification})


def checks_of_the_services() -> None:
    """Mappings and state machines of a template skip upstream what the API of the service would refuse."""
    mapping = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    machine = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    create_mapping, create_machine = mapping["create"], machine["create"]

    def checked_mapping(logical_id: str, properties: Properties, stack_name: str) -> Created:
        if reason := roles.unreadable_source(properties):
            raise ValueError(reason)
        created: Created = create_mapping(logical_id, _with_batch_size(properties), stack_name)
        return created

    def checked_machine(logical_id: str, properties: Properties, stack_name: str) -> Created:
        found = list(state_language.problems(provisioners._sfn_definition(properties)))
        if found:
            raise ValueError(f"Invalid State Machine Definition: {', '.join(found)}")
        created: Created = create_machine(logical_id, properties, stack_name)
        return created

    mapping["create"], machine["create"] = checked_mapping, checked_machine


def stream_batch_size() -> None:
    """A mapping without BatchSize takes 10 upstream, whatever the source; from a stream AWS takes 100."""
    upstream = lambda_svc._create_esm

    def create_mapping(data: Properties) -> Any:
        return upstream(_with_batch_size(data))

    lambda_svc._create_esm = create_mapping


def _with_batch_size(properties: Properties) -> Properties:
    is_stream = "/stream/" in str(properties.get("EventSourceArn", ""))
    return {"BatchSize": 100, **properties} if is_stream else properties
