"""Turns what botocore raises into the errors of the domain, whose classes say what happens next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from urllib3.exceptions import HTTPError

from chalicelib.domain.errors import (
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
)

THROTTLING = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
CONFLICTS = frozenset(
    {"TransactionConflictException", "TransactionInProgressException", "ReplicatedWriteConflictException"}
)
OUTCOME_UNKNOWN = frozenset({500, 502, 504})
"""HTTP statuses of a request that may have been carried out all the same."""

_SETUP = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.NoRegionError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.InvalidConfigError,
    exceptions.ParamValidationError,
)
_NEVER_SENT = (exceptions.ConnectTimeoutError, exceptions.EndpointConnectionError)


@contextmanager
def aws_errors_translated(dependency: str) -> Iterator[None]:
    """Around the calls of one dependency ("DynamoDB", "S3"). Catch expected codes, such as a failed condition, inside.

    Raises Contention, DependencyUnavailable (nothing happened), DependencyTimeout (unknown whether it happened) or
    Misconfigured. Messages hold the operation and the code; AWS's text only if it names a permission or a resource.
    """
    try:
        yield
    except exceptions.BotoCoreError as error:
        raise _without_answer(dependency, error) from error
    except exceptions.ClientError as error:
        raise _answered(dependency, error) from error
    except HTTPError as error:  # what botocore lets through: TLS failures in the middle of a body
        raise DependencyTimeout(dependency, type(error).__name__) from error


def error_code(error: exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def http_status(error: exceptions.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _without_answer(dependency: str, error: exceptions.BotoCoreError) -> OrderbridgeError:
    kind = type(error).__name__
    if isinstance(error, _NEVER_SENT):
        return DependencyUnavailable(dependency, kind)
    if isinstance(error, _SETUP):
        return Misconfigured(f"{dependency} cannot be called: {error}"[:500])
    return DependencyTimeout(dependency, kind)


def _answered(dependency: str, error: exceptions.ClientError) -> OrderbridgeError:
    code, status = error_code(error), http_status(error)
    detail = f"{error.operation_name} answered {code or status}"
    if code in CONFLICTS:
        return Contention(f"{dependency}: {detail}")
    if code in THROTTLING or status in (429, 503):
        return DependencyUnavailable(dependency, detail)
    if status in OUTCOME_UNKNOWN:
        return DependencyTimeout(dependency, detail)
    if _names_a_resource(code):
        return Misconfigured(f"{dependency}: {detail}: {error.response['Error'].get('Message', '')}"[:500])
    return Misconfigured(f"{dependency}: {detail}")


def _names_a_resource(code: str) -> bool:
    return "AccessDenied" in code or "NotFound" in code or code.startswith("NoSuch") or "NotAuthorized" in code
