"""AWS clients, all tuned alike: bounded in time, with kept-alive connections and few, jittered retries.

Called from the composition root only. AWS_ENDPOINT_URL and the credentials are boto3's own business.
"""

from __future__ import annotations

from typing import Any

CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 3
ATTEMPTS = 3
MAX_BACKOFF_S = 3
"""Standard mode sleeps less than 1 s, then less than 2 s, between three attempts."""

LONGEST_CALL_S = ATTEMPTS * (CONNECT_TIMEOUT_S + READ_TIMEOUT_S) + MAX_BACKOFF_S
"""The worst case of one call; the timeouts of functions and states must be longer."""

POOL_CONNECTIONS = 16


def config(attempts: int = ATTEMPTS) -> Any:
    """The one botocore Config. `attempts`: 1 for callers with something better to do than to ask again."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=POOL_CONNECTIONS,
        tcp_keepalive=True,
    )


def client(service: str, region: str, attempts: int = ATTEMPTS) -> Any:
    """A low-level client. boto3 is imported here, not above: its import costs more than everything else together."""
    import boto3

    return boto3.client(service, region_name=region, config=config(attempts))
