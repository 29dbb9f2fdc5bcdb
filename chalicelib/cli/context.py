"""What commands work with: the application of a stage, wired with the AWS credentials at hand, and where to print."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from chalicelib.cli.errors import WrongCall
from chalicelib.deploy.config.stages import STAGES
from chalicelib.domain.errors import Misconfigured
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.wiring.application import Application


@dataclass(frozen=True, slots=True)
class Context:
    """`application` takes the stage (ORDERBRIDGE_STAGE if empty) and is asked only when the command line is right."""

    application: Callable[[str], Application]
    out: TextIO
    err: TextIO

    def print(self, text: str) -> None:
        """What was asked for."""
        print(text, file=self.out)

    def note(self, text: str) -> None:
        """What a person should know and a pipe should not get."""
        print(text, file=self.err)


def operator_application(stage: str) -> Application:
    """Raises as operator_settings."""
    from chalicelib.wiring.application import Application

    return Application(operator_settings(stage, os.environ), make_client=_client)


def operator_settings(stage: str, environ: Mapping[str, str]) -> Settings:
    """The settings of `stage` (or of ORDERBRIDGE_STAGE, if empty), as the functions of that stage have them.

    The region may also come from the AWS profile; the account, if ORDERBRIDGE_ACCOUNT_ID is not set, from STS.
    Raises WrongCall if there is no such stage, Misconfigured, DependencyUnavailable, DependencyTimeout.
    """
    stage = known_stage(stage, environ)
    merged = {**STAGES[stage].environment(), **environ, "ORDERBRIDGE_STAGE": stage}
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _region_of_profile()
    if region:
        merged["AWS_REGION"] = region
        merged["ORDERBRIDGE_ACCOUNT_ID"] = environ.get("ORDERBRIDGE_ACCOUNT_ID") or _account_of_caller(region)
    return Settings.read(merged)


def known_stage(stage: str, environ: Mapping[str, str] = os.environ) -> str:
    """`stage`, or ORDERBRIDGE_STAGE if it is empty. Raises WrongCall if there is no such stage."""
    stage = stage or environ.get("ORDERBRIDGE_STAGE", "")
    if stage not in STAGES:
        what = f"there is no stage {stage!r}" if stage else "no stage is given"
        raise WrongCall(f"{what}; use --stage or ORDERBRIDGE_STAGE with one of {', '.join(sorted(STAGES))}")
    return stage


def _region_of_profile() -> str:
    import boto3

    from chalicelib.adapters.aws.errors import aws_errors_translated

    with aws_errors_translated("AWS"):
        return str(boto3.Session().region_name or "")


def _account_of_caller(region: str) -> str:
    from chalicelib.adapters.aws.errors import aws_errors_translated

    with aws_errors_translated("STS"):
        return str(_client("sts", region).get_caller_identity()["Account"])


def _client(service: str, region: str, *attempts: int) -> Any:
    """As adapters.aws.clients makes it; raises Misconfigured for a region or an endpoint that is none."""
    from chalicelib.adapters.aws.clients import client

    try:
        return client(service, region, *attempts)
    except ValueError as error:
        raise Misconfigured(f"{error}; look at AWS_REGION and AWS_ENDPOINT_URL") from None
