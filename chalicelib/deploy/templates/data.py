"""What must never be lost: tables and buckets, as CloudFormation resources.

They stay when their stack is deleted, or replaced, or no longer names them; a new stack takes them in again. Only what
the failed creation of a stack has just made is removed with it (RetainExceptOnCreate): it is still empty.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.dynamodb.tables import TABLES, TTL_ATTRIBUTES
from chalicelib.deploy.config.stages import Stage
from chalicelib.settings import Settings

KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}

BUCKET_LIFECYCLES: dict[str, list[dict[str, Any]]] = {
    "reference": [{"Id": "old-versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}],
    "batches": [
        {"Id": "old-batches", "Status": "Enabled", "ExpirationInDays": 90},
        {"Id": "old-versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 7}},
    ],
}
"""Purpose of a bucket -> what is removed from it, and when. A reference file that was replaced can be had back for
30 days; a batch and its report are kept for 90, and a file that another one replaced through the same form for 7."""

VERSIONED_BUCKETS = ("reference", "batches")
ANNOUNCING_BUCKETS = ("batches",)
"""EventBridge hears of every new object; deploy/templates/bulk.py says who listens."""

_UNFINISHED_UPLOADS = {
    "Id": "unfinished-uploads",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


def resources(stage: Stage, settings: Settings) -> dict[str, Any]:
    return {
        **{table_id(name): _table(name, stage, settings) for name in TABLES},
        **{bucket_id(purpose): _bucket(purpose, settings) for purpose in BUCKET_LIFECYCLES},
        **({} if stage.is_local else {f"{bucket_id(p)}Policy": _tls_only(p, settings) for p in BUCKET_LIFECYCLES}),
    }


def table_id(name: str) -> str:
    """The logical id of a table in the template."""
    return f"{name.capitalize()}Table"


def bucket_id(purpose: str) -> str:
    return f"{purpose.capitalize()}Bucket"


def _table(name: str, stage: Stage, settings: Settings) -> dict[str, Any]:
    """CloudFormation differs from create_table in the stream, enabled by being there, and in knowing the expiry."""
    properties = {
        "TableName": settings.name(name),
        **TABLES[name],
        "SSESpecification": {"SSEEnabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": stage.protects_data},
        "DeletionProtectionEnabled": stage.protects_data,
    }
    if "StreamSpecification" in properties:
        properties["StreamSpecification"] = {"StreamViewType": TABLES[name]["StreamSpecification"]["StreamViewType"]}
    if name in TTL_ATTRIBUTES:
        properties["TimeToLiveSpecification"] = {"AttributeName": TTL_ATTRIBUTES[name], "Enabled": True}
    return {"Type": "AWS::DynamoDB::Table", **KEPT, "Properties": properties}


def _bucket(purpose: str, settings: Settings) -> dict[str, Any]:
    properties = {
        "BucketName": settings.bucket(purpose),
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": [*BUCKET_LIFECYCLES[purpose], _UNFINISHED_UPLOADS]},
    }
    if purpose in ANNOUNCING_BUCKETS:
        properties["NotificationConfiguration"] = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    if purpose in VERSIONED_BUCKETS:
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    return {"Type": "AWS::S3::Bucket", **KEPT, "Properties": properties}


def _tls_only(purpose: str, settings: Settings) -> dict[str, Any]:
    """Not on the local AWS, which speaks plain HTTP and would refuse every call."""
    bucket = f"arn:aws:s3:::{settings.bucket(purpose)}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": bucket_id(purpose)},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }
