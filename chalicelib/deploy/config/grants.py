"""What a function may need, in the words of the application, and the exact IAM statements that follow from it.

No action is a wildcard. Every resource is an ARN of the stage, with two exceptions that AWS leaves no choice about:
X-Ray has no resources, and the parts of an ARN that AWS makes up (a stream's label, the end of a secret's ARN).
"""

from __future__ import annotations

from chalicelib.adapters.aws.grant import Arn, Grant, read_secret
from chalicelib.adapters.dynamodb.tables import ORDERS_INDEXES
from chalicelib.settings import Settings


def _table(name: str, below: str = "") -> Arn:
    return lambda settings: settings.arn("dynamodb", f"table/{settings.name(name)}{below}")


def _queue(name: str) -> Arn:
    return lambda settings: settings.arn("sqs", settings.name(name))


def _bucket(purpose: str, below: str = "") -> Arn:
    return lambda settings: f"arn:aws:s3:::{settings.bucket(purpose)}{below}"


def _executions(settings: Settings) -> str:
    return settings.state_machine_arn.replace(":stateMachine:", ":execution:") + ":*"


def _bulk_executions(settings: Settings) -> str:
    return settings.bulk_state_machine_arn.replace(":stateMachine:", ":execution:") + ":*"


def _dynamodb(sid: str, table: str, *actions: str) -> Grant:
    """TransactWriteItems has no action of its own: it needs those of its parts."""
    return Grant(sid, tuple(f"dynamodb:{action}" for action in sorted(actions)), (_table(table),))


def _consume(sid: str, queue: str) -> Grant:
    """What Lambda asks of a function's role to read a queue for it."""
    return Grant(sid, ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"), (_queue(queue),))


READ_EVENTS = _dynamodb("ReadEvents", "events", "GetItem", "Query")
APPEND_EVENTS = _dynamodb("AppendEvents", "events", "PutItem")
CHECK_EVENTS = _dynamodb("CheckEvents", "events", "ConditionCheckItem")
FOLLOW_EVENTS = Grant(
    "FollowEvents",
    ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
    (_table("events", "/stream/*"),),
)

READ_INVENTORY = _dynamodb("ReadInventory", "inventory", "BatchGetItem", "GetItem")
CHANGE_INVENTORY = _dynamodb("ChangeInventory", "inventory", "PutItem", "UpdateItem")

READ_PAYMENTS = _dynamodb("ReadPayments", "payments", "GetItem")
CHANGE_PAYMENTS = _dynamodb("ChangePayments", "payments", "PutItem", "UpdateItem")
READ_ERP_SECRETS = read_secret("ReadErpSecrets", "erp/*")
SIGN_CALLBACKS = read_secret("SignCallbacks", "callback/*")

READ_ORDERS = Grant(
    "ReadOrders",
    ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"),
    (_table("orders"), *(_table("orders", f"/index/{index}") for index in sorted(ORDERS_INDEXES))),
)
PROJECT_ORDERS = _dynamodb("ProjectOrders", "orders", "GetItem", "PutItem", "UpdateItem")

PUT_CONTROL = _dynamodb("PutControl", "control", "PutItem")
READ_CONTROL = _dynamodb("ReadControl", "control", "GetItem", "Query")
LIST_CONTROL = _dynamodb("ListControl", "control", "BatchGetItem")
CHECK_CONTROL = _dynamodb("CheckControl", "control", "ConditionCheckItem")
CHANGE_CONTROL = _dynamodb("ChangeControl", "control", "DeleteItem", "PutItem", "UpdateItem")

REHEARSE_OUTAGES = _dynamodb("RehearseOutages", "control", "Query", "UpdateItem")
"""To read failure switches, use up their calls, and count."""

READ_REFERENCE = Grant("ReadReference", ("s3:GetObject",), (_bucket("reference", "/reference/*"),))
MISS_REFERENCE = Grant("MissReference", ("s3:ListBucket",), (_bucket("reference"),))
"""Without it S3 says "forbidden" of an object that does not exist."""

START_WORKFLOW = Grant("StartWorkflow", ("states:StartExecution",), (lambda settings: settings.state_machine_arn,))
WATCH_WORKFLOW = Grant("WatchWorkflow", ("states:DescribeExecution",), (_executions,))

READ_BATCHES = Grant("ReadBatches", ("s3:GetObject", "s3:GetObjectVersion"), (_bucket("batches", "/*"),))
WRITE_BATCHES = Grant("WriteBatches", ("s3:AbortMultipartUpload", "s3:PutObject"), (_bucket("batches", "/batches/*"),))
PUT_UPLOADS = Grant("PutUploads", ("s3:PutObject",), (_bucket("batches", "/uploads/*"),))
"""Also what an upload form may do: it acts with the permissions of the function that signed it."""

MISS_BATCHES = Grant("MissBatches", ("s3:ListBucket",), (_bucket("batches"),))
READ_MAPPINGS = Grant("ReadMappings", ("s3:GetObject",), (_bucket("reference", "/mappings/*"),))
START_BULK = Grant("StartBulk", ("states:StartExecution",), (lambda settings: settings.bulk_state_machine_arn,))
WATCH_BULK = Grant("WatchBulk", ("states:DescribeExecution",), (_bulk_executions,))

PUBLISH_EVENTS = Grant(
    "PublishEvents", ("events:PutEvents",), (lambda s: s.arn("events", f"event-bus/{s.name('bus')}"),)
)
ALERT = Grant("Alert", ("sns:Publish",), (lambda settings: settings.arn("sns", settings.name("alerts")),))
SEND_DEAD_LETTERS = Grant("SendDeadLetters", ("sqs:SendMessage",), (_queue("dead-letters"),))
SEND_ACKNOWLEDGEMENTS = Grant("SendAcknowledgements", ("sqs:SendMessage",), (_queue("acknowledgements"),))
CONSUME_DEAD_LETTERS = _consume("ConsumeDeadLetters", "dead-letters")
CONSUME_ACKNOWLEDGEMENTS = _consume("ConsumeAcknowledgements", "acknowledgements")
POSTPONE_ACKNOWLEDGEMENTS = Grant(
    "PostponeAcknowledgements", ("sqs:ChangeMessageVisibility",), (_queue("acknowledgements"),)
)
PARK_MESSAGES = Grant("ParkMessages", ("sqs:SendMessage",), (_queue("parking"),))
SEND_STREAM_FAILURES = Grant("SendStreamFailures", ("sqs:SendMessage",), (_queue("stream-failures"),))
