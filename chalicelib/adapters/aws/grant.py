"""One permission of a function's role, and what several rooms need to say one: ARNs of the stage's secrets.

A NamedTuple, because descriptions of payment providers hold grants and every function imports those when it starts:
making a dataclass costs ten times as much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from chalicelib.settings import Settings

Arn = Callable[[Settings], str]


class Grant(NamedTuple):
    """One statement of a policy; `sid` says it in words, letters and digits only."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[Arn, ...]

    def statement(self, settings: Settings) -> dict[str, Any]:
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": [resource(settings) for resource in self.resources],
        }


def read_secret(sid: str, path: str) -> Grant:
    """To read the secret `Settings.secret(path)`. Secrets Manager ends its ARN with six characters of its own."""

    def arn(settings: Settings) -> str:
        return settings.arn("secretsmanager", f"secret:{settings.secret(path)}-??????")

    return Grant(sid, ("secretsmanager:GetSecretValue",), (arn,))
