"""Streams and queues that call functions, and the roles that let them."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.lab import EVERYTHING, Lab, policy, shows

CONSUMER = """
import json
def handler(event, context):
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["pk"]["S"]
        print("SEEN", key)
        if key.startswith("poison"):
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
"""


def table_with_stream(lab: Lab) -> tuple[str, str]:
    """Name and stream ARN of a new table."""
    name = lab.name("table")
    made = lab.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return name, str(made["TableDescription"]["LatestStreamArn"])


def seen(lab: Lab, function: str) -> list[str]:
    """The keys that the consumer has printed, in order."""
    group = f"/aws/lambda/{function.rpartition(':')[2]}"
    events = lab.client("logs").filter_log_events(logGroupName=group, filterPattern="SEEN")["events"]
    return [event["message"].split()[1] for event in events]


def queue(lab: Lab) -> tuple[str, str]:
    """URL and ARN of a new queue."""
    url = lab.client("sqs").create_queue(QueueName=lab.name("queue"))["QueueUrl"]
    found = lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


@shows("streams.failed_batches_are_retried")
def a_poisonous_record_is_retried_then_described_elsewhere(lab: Lab) -> None:
    table, stream = table_with_stream(lab)
    for key in ("first", "poison", "last"):
        lab.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": key}})
    url, arn = queue(lab)
    function = lab.function(CONSUMER)
    lab.client("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )

    def parked() -> Any:
        return lab.client("sqs").receive_message(QueueUrl=url).get("Messages")

    described = json.loads(lab.wait_for(parked)[0]["Body"])
    assert described["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert described["DDBStreamBatchInfo"]["batchSize"] == 1
    keys = lab.wait_for(lambda: [key for key in seen(lab, function) if key == "last"] and seen(lab, function))
    assert keys[0] == "first"
    assert keys.count("first") == 1
    assert keys.count("poison") >= 2
    assert keys[-1] == "last"


@shows("s3.notices_name_the_version")
def a_notice_says_which_version_was_made(lab: Lab) -> None:
    bucket, (url, arn) = lab.name("bucket"), queue(lab)
    s3, events = lab.client("s3"), lab.client("events")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": arn}])
    made = [s3.put_object(Bucket=bucket, Key="file", Body=body)["VersionId"] for body in (b"one", b"two")]

    def told() -> list[dict[str, str]]:
        found = lab.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        notices = [json.loads(message["Body"])["detail"]["object"] for message in found.get("Messages", ())]
        return notices if len(notices) == len(made) else []

    assert {notice.get("version-id") for notice in lab.wait_for(told)} == set(made)


@shows("cloudformation.stream_batch_size")
def a_stream_is_read_in_hundreds(lab: Lab) -> None:
    _table, stream = table_with_stream(lab)
    mapping = lab.client("lambda").create_event_source_mapping(
        FunctionName=lab.function(CONSUMER), EventSourceArn=stream, StartingPosition="LATEST"
    )
    assert mapping["BatchSize"] == 100


@shows("roles.mappings_read_as_their_function")
def a_mapping_needs_the_function_s_permission(lab: Lab) -> None:
    _url, arn = queue(lab)
    reading = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    clients = lab.client("lambda")
    reader = lab.function(CONSUMER, allowed=policy((reading, arn)))
    assert lab.error_code(lambda: clients.create_event_source_mapping(FunctionName=reader, EventSourceArn=arn)) == ""
    stranger = lab.function(CONSUMER, allowed=policy((["sqs:ReceiveMessage"], f"{arn}-other")))
    refused = lab.error_code(lambda: clients.create_event_source_mapping(FunctionName=stranger, EventSourceArn=arn))
    assert refused == "InvalidParameterValueException"


def what_needs_no_adaptation(lab: Lab) -> None:
    """A role's policies bind the function; partial failures of a queue's batch; root's key passes."""
    source = "import boto3\ndef handler(event, context): boto3.client('sqs').list_queues(); return 'listed'"
    assert lab.invoke(lab.function(source, allowed=EVERYTHING)) == "listed"
    refused = lab.invoke(lab.function(source, allowed=policy((["sqs:SendMessage"], "*"))))
    assert "not authorized to perform: sqs:listqueues" in refused["errorMessage"].lower()

    url, arn = queue(lab)
    dead_url, dead_arn = queue(lab)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1"})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "1"}
    lab.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    lab.client("lambda").create_event_source_mapping(
        FunctionName=lab.function(
            "def handler(event, context):\n"
            "    bad = [r['messageId'] for r in event['Records'] if r['body'] == 'bad']\n"
            "    return {'batchItemFailures': [{'itemIdentifier': each} for each in bad]}"
        ),
        EventSourceArn=arn,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    for body in ("good", "bad"):
        lab.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    dead = lab.wait_for(lambda: lab.client("sqs").receive_message(QueueUrl=dead_url).get("Messages"))
    assert [message["Body"] for message in dead] == ["bad"]
