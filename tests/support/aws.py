"""DynamoDB for tests: all tables on moto, or on any other endpoint, made from the schemas that are deployed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from chalicelib.adapters.aws import clients
from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.settings import Settings

SETTINGS = Settings(stage="test", region="eu-central-1", account_id="123456789012")


def create_tables(client: Any, settings: Settings = SETTINGS) -> None:
    """Every table of the stage, empty."""
    for logical, schema in TABLES.items():
        client.create_table(TableName=settings.name(logical), **schema)


@cache
def _session() -> Any:
    """One for the process: a session parses the services' models, which takes longer than most tests."""
    import boto3
    import moto  # noqa: F401 - before the session, which takes over moto's hooks when it is made

    return boto3.Session("test", "test", region_name=SETTINGS.region)


def moto_client(service: str, attempts: int = clients.ATTEMPTS) -> Any:
    """A client as the application makes it, with credentials that are good for nothing."""
    from botocore.config import Config

    return _session().client(
        service,
        config=clients.config().merge(Config(retries={"mode": "standard", "total_max_attempts": attempts})),
    )


@contextmanager
def moto_dynamodb(attempts: int = clients.ATTEMPTS) -> Iterator[Any]:
    """A DynamoDB client on moto with all tables; the table names come from SETTINGS.

    With one attempt the SDK gives up at once, for faults that would otherwise have to be waited out.
    """
    from moto import mock_aws

    with mock_aws():
        client = moto_client("dynamodb", attempts)
        create_tables(client)
        yield client
