"""`.local/stack.json`: what a running local stack tells those who want to use it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from local.emulator.aws import REPOSITORY

STAGE = "local"
FOLDER = REPOSITORY / ".local"
STACK_FILE = FOLDER / "stack.json"


@dataclass(frozen=True, slots=True)
class Stack:
    """`pid` is the process that keeps the local AWS running; `tokens` maps a role to an API token."""

    endpoint_url: str
    region: str
    account_id: str
    api_url: str
    state_machine_arn: str
    pid: int
    tokens: dict[str, str]

    def write(self, path: Path = STACK_FILE) -> None:
        """Atomically, and readable by the owner only: it holds tokens."""
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=2)
        temporary.replace(path)

    def environment(self) -> dict[str, str]:
        """What an operator's shell needs: the commands' settings, and $API and $TOKEN for calls by hand."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "ORDERBRIDGE_STAGE": STAGE,
            "ORDERBRIDGE_ACCOUNT_ID": self.account_id,
            "API": self.api_url,
            "TOKEN": self.tokens["operate"],
        }

    @classmethod
    def read(cls, path: Path = STACK_FILE) -> Stack | None:
        """The stack that runs now; None if there is none, or only the file of one that has died."""
        try:
            stack = cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        return stack if _is_alive(stack.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
