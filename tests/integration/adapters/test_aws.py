"""What botocore raises becomes an error that says what happens next; all clients are tuned alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import exceptions
from urllib3.exceptions import SSLError

from chalicelib.adapters.aws import clients
from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.resilience.backoff import MAX_DELAY_S, MAX_WAITS, Backoff
from chalicelib.adapters.system import SystemClock, SystemIds
from chalicelib.domain.errors import (
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
)
from chalicelib.workflow.table import ALL_STEPS
from tests.support.aws import moto_client

SECRET = "Nordlicht Handel GmbH"


def answered(code: str, status: int = 400) -> exceptions.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": f"about {SECRET}"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return exceptions.ClientError(response, "PutItem")


CASES: list[tuple[Exception, type[OrderbridgeError], str]] = [
    (answered("ThrottlingException"), DependencyUnavailable, "ThrottlingException"),
    (answered("ProvisionedThroughputExceededException"), DependencyUnavailable, "PutItem"),
    (answered("SlowDown", 503), DependencyUnavailable, "SlowDown"),
    (answered("ServiceUnavailable", 503), DependencyUnavailable, "ServiceUnavailable"),
    (answered("", 503), DependencyUnavailable, "503"),
    (answered("InternalServerError", 500), DependencyTimeout, "InternalServerError"),
    (answered("", 502), DependencyTimeout, "502"),
    (answered("TransactionConflictException"), Contention, "TransactionConflictException"),
    (answered("TransactionInProgressException"), Contention, "TransactionInProgressException"),
    (answered("AccessDeniedException"), Misconfigured, f"about {SECRET}"),
    (answered("ResourceNotFoundException"), Misconfigured, f"about {SECRET}"),
    (answered("NoSuchBucket", 404), Misconfigured, f"about {SECRET}"),
    (answered("ValidationException"), Misconfigured, "PutItem answered ValidationException"),
    (answered("ExpiredTokenException"), Misconfigured, "ExpiredTokenException"),
    (exceptions.ReadTimeoutError(endpoint_url="http://x"), DependencyTimeout, "did not answer: ReadTimeoutError"),
    (exceptions.ConnectionClosedError(endpoint_url="http://x"), DependencyTimeout, "ConnectionClosedError"),
    (exceptions.ConnectTimeoutError(endpoint_url="http://x"), DependencyUnavailable, "ConnectTimeoutError"),
    (exceptions.EndpointConnectionError(endpoint_url="http://x"), DependencyUnavailable, "EndpointConnectionError"),
    (SSLError("in the middle of a body"), DependencyTimeout, "did not answer: SSLError"),
    (exceptions.NoCredentialsError(), Misconfigured, "credentials"),
    (exceptions.NoRegionError(), Misconfigured, "region"),
]


@pytest.mark.parametrize(("raised", "becomes", "says"), CASES, ids=[str(case[0])[:60] for case in CASES])
def test_every_failure_of_aws_says_what_happens_next(
    raised: Exception, becomes: type[OrderbridgeError], says: str
) -> None:
    with pytest.raises(OrderbridgeError) as caught, aws_errors_translated("DynamoDB"):
        raise raised
    assert type(caught.value) is becomes
    assert says in str(caught.value)
    assert str(caught.value).startswith("DynamoDB")
    assert caught.value.__cause__ is raised


def test_what_aws_says_about_the_data_is_not_repeated() -> None:
    with pytest.raises(Misconfigured) as caught, aws_errors_translated("DynamoDB"):
        raise answered("ValidationException")
    assert SECRET not in str(caught.value)


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), aws_errors_translated("DynamoDB"):
        raise KeyError("a bug")


def test_the_longest_call_is_shorter_than_any_step() -> None:
    assert min(step.timeout_s for step in ALL_STEPS) > clients.LONGEST_CALL_S


def test_clients_are_bounded_and_keep_their_connections() -> None:
    config = moto_client("dynamodb").meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert config.tcp_keepalive
    assert config.max_pool_connections == 16


def test_clients_go_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4999")
    assert clients.client("dynamodb", "eu-west-1").meta.endpoint_url == "http://127.0.0.1:4999"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert "eu-west-1.amazonaws.com" in clients.client("dynamodb", "eu-west-1").meta.endpoint_url


def test_waits_grow_up_to_a_bound_and_end_in_contention() -> None:
    clock = FixedClock()
    backoff = Backoff(clock, Always(0.999), "the stock")
    for _ in range(MAX_WAITS):
        backoff.wait()
    with pytest.raises(Contention, match="the stock: still contended"):
        backoff.wait()
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[0] < 0.025
    assert MAX_DELAY_S * 0.99 < clock.slept[-1] < MAX_DELAY_S
    assert sum(clock.slept) < 8


class Always(SequentialIds):
    """The same fraction for ever."""

    def __init__(self, fraction: float) -> None:
        super().__init__()
        self._fraction = fraction

    def fraction(self) -> float:
        return self._fraction


@pytest.mark.parametrize("ids", [SystemIds, SequentialIds])
def test_tokens_differ_and_fit_into_a_request_token(ids: Callable[[], SystemIds | SequentialIds]) -> None:
    source = ids()
    tokens = {source.token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert max(map(len, tokens)) <= 36
    assert all(0 <= source.fraction() < 1 for _ in range(1000))


def test_the_system_clock_knows_the_time_in_utc() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.001)
    assert before.tzinfo is UTC
    assert before < clock.now() <= datetime.now(UTC)
