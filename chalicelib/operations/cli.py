"""What the operators' commands share: the settings of a stage, from the environment and the AWS credentials at hand."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.settings import Settings


def operator_settings(stage: str, environ: Mapping[str, str]) -> Settings:
    """The settings of `stage` (or of ORDERBRIDGE_STAGE, if empty), as the functions of that stage have them.

    The region may also come from the AWS profile; the account, if ORDERBRIDGE_ACCOUNT_ID is not set, from STS.
    Raises Misconfigured, DependencyUnavailable.
    """
    merged = {**environ, "ORDERBRIDGE_STAGE": stage or environ.get("ORDERBRIDGE_STAGE", "")}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _region_of_profile()
    if region:
        merged["AWS_REGION"] = region
        merged["ORDERBRIDGE_ACCOUNT_ID"] = environ.get("ORDERBRIDGE_ACCOUNT_ID") or _account_of_caller(region)
    return Settings.read(merged)


def _region_of_profile() -> str:
    import boto3

    return str(boto3.Session().region_name or "")


def _account_of_caller(region: str) -> str:
    from chalicelib.adapters.aws_clients import client
    from chalicelib.adapters.aws_errors import translated

    with translated("STS"):
        return str(client("sts", region).get_caller_identity()["Account"])
