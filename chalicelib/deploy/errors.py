"""How the deployment fails: one message that says what, why and what to do; no traceback, exit code 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from click import ClickException

AGAIN = "Fix the cause and run the same command again: it goes on where it stopped."


class DeployError(ClickException):
    """Shown by the command line as `Error: <message>`. `advice` is what to do."""

    def __init__(self, what: str, why: str, advice: str = AGAIN) -> None:
        super().__init__(f"{what}\n  {why}\n{advice}")


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Every error of AWS, or on the way there, as a DeployError."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"{what} failed.", str(error)) from error
