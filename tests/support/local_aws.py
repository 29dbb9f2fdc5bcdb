"""Tables on the local AWS, for what moto cannot show: many threads at once, and the real protocol."""

from __future__ import annotations

from itertools import count

from chalicelib.adapters.aws import clients
from chalicelib.settings import Settings
from local.emulator.aws import LocalAws
from tests.support.aws import create_tables

_stages = count(1)


def client_with_tables(aws: LocalAws) -> tuple[object, Settings]:
    """A client as the application tunes it, and tables of their own for one test: each is a stage of its own."""
    settings = Settings(stage=f"t{next(_stages)}", region=aws.region, account_id=aws.account_id)
    client = aws.client("dynamodb", config=clients.config())
    create_tables(client, settings)
    return client, settings
