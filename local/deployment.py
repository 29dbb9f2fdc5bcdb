"""Plain `chalice deploy --stage local` against a local AWS, and the seed: reference data, stock, credit, tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chalicelib.deploy.config.stages import STAGES
from local.emulator.aws import LocalAws
from local.stack import STAGE, Stack


class DeployFailed(RuntimeError):
    """`chalice deploy` ended with an error; the message holds its output."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One project folder deployed to one local AWS."""

    aws: LocalAws
    project: Path

    def environment(self) -> dict[str, str]:
        """For the chalice CLI and for the project's own commands."""
        own = {**STAGES[STAGE].environment(), "ORDERBRIDGE_ACCOUNT_ID": self.aws.account_id}
        return self.aws.environment() | own | {"PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"}

    def chalice(self, *arguments: str) -> str:
        """Run the chalice CLI in the project; its output. Raises DeployFailed."""
        command = [str(Path(sys.executable).with_name("chalice")), *arguments]
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment(),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            raise DeployFailed(f"chalice {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def deploy(self) -> str:
        return self.chalice("deploy", "--stage", STAGE)

    def forget(self) -> None:
        """A local AWS begins empty; what Chalice remembers of an earlier one would only mislead it."""
        (self.project / ".chalice" / "deployed" / f"{STAGE}.json").unlink(missing_ok=True)

    @property
    def rest_api_id(self) -> str:
        deployed = json.loads((self.project / ".chalice" / "deployed" / f"{STAGE}.json").read_text())
        return str(next(r["rest_api_id"] for r in deployed["resources"] if r["resource_type"] == "rest_api"))

    @property
    def api_url(self) -> str:
        return self.aws.api_url(self.rest_api_id).rstrip("/")

    def stack(self, tokens: dict[str, str]) -> Stack:
        region, account = self.aws.region, self.aws.account_id
        return Stack(
            endpoint_url=self.aws.endpoint_url,
            region=region,
            account_id=account,
            api_url=self.api_url,
            state_machine_arn=f"arn:aws:states:{region}:{account}:stateMachine:orderbridge-{STAGE}-order",
            pid=os.getpid(),
            tokens=tokens,
        )
