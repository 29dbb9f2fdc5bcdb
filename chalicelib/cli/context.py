"""What the operators' commands share: the application of a stage, wired with the AWS credentials at hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.deploy.config.stages import STAGES
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.wiring.application import Application


def operator_application(stage: str = "") -> Application:
    """The application of `stage` (or of ORDERBRIDGE_STAGE, if empty). Raises as operator_settings."""
    from chalicelib.wiring.application import Application

    return Application(operator_settings(stage, os.environ))


def operator_settings(stage: str, environ: Mapping[str, str]) -> Settings:
    """The settings of `stage` (or of ORDERBRIDGE_STAGE, if empty), as the functions of that stage have them.

    The region may also come from the AWS profile; the account, if ORDERBRIDGE_ACCOUNT_ID is not set, from STS.
    Raises Misconfigured, DependencyUnavailable.
    """
    stage = stage or environ.get("ORDERBRIDGE_STAGE", "")
    deployed = STAGES[stage].environment() if stage in STAGES else {}
    merged = {**deployed, **environ, "ORDERBRIDGE_STAGE": stage}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _region_of_profile()
    if region:
        merged["AWS_REGION"] = region
        merged["ORDERBRIDGE_ACCOUNT_ID"] = environ.get("ORDERBRIDGE_ACCOUNT_ID") or _account_of_caller(region)
    return Settings.read(merged)


def _region_of_profile() -> str:
    import boto3

    return str(boto3.Session().region_name or "")


def _account_of_caller(region: str) -> str:
    from chalicelib.adapters.aws.clients import client
    from chalicelib.adapters.aws.errors import aws_errors_translated

    with aws_errors_translated("STS"):
        return str(client("sts", region).get_caller_identity()["Account"])
