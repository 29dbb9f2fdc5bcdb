"""A copy of the project, deployed to a local AWS of its own by the plain command line and filled as `make run` does."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chalicelib.domain.state import FINAL
from chalicelib.read_model.comparison import RowDifference, compare
from chalicelib.settings import Settings
from chalicelib.wiring.application import Application
from local.client.api import Client
from local.deployment import Deployment
from local.emulator.aws import REPOSITORY, LocalAws
from local.serve import seeded

SHIPPED = ("app.py", "requirements.txt", ".chalice/", "chalicelib/", "poller/")
"""What `chalice deploy` reads of the repository."""

OUTCOME_TIMEOUT_S = 600.0
"""For what would otherwise hang for ever; on a quiet machine an order takes two seconds."""

POLL_S = 0.1


@dataclass
class Deployed:
    """A running system. `chalice` runs the command line again, in the copy of the project."""

    aws: LocalAws
    deployment: Deployment
    api: Client

    @classmethod
    def of(cls, deployment: Deployment) -> Deployed:
        return cls(deployment.aws, deployment, Client(deployment.stack(seeded(deployment))))

    @property
    def project(self) -> Path:
        return self.deployment.project

    @property
    def settings(self) -> Settings:
        return Settings.read(self.deployment.environment())

    @cached_property
    def app(self) -> Application:
        """The application as an operator has it: all permissions, the same adapters; shared by threads."""
        return Application(self.settings, make_client=lambda service, *_: self.aws.client(service))

    def chalice(self, *arguments: str) -> str:
        return self.deployment.chalice(*arguments)

    def run_scheduled(self, function: str) -> Any:
        """Let the schedule fire now; what the function answers."""
        event = {
            "version": "0",
            "id": "89d1a02d-5ec7-412e-82f5-13505f849b41",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self.settings.account_id,
            "time": "2026-11-23T10:15:00Z",
            "region": self.settings.region,
            "resources": [],
            "detail": {},
        }
        client, name = self.aws.client("lambda"), self.settings.name(function)
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def submit(self, payload: dict[str, Any]) -> str:
        """Push an order; its id."""
        answer = self.api.post("/orders", payload)
        assert answer.status == 202, f"{answer.status}: {answer.body}"
        return str(answer.body["order_id"])

    def outcome(self, order_id: str) -> dict[str, Any]:
        """The order once it has reached its end, as the API shows it."""
        return self.until(order_id, *FINAL, "FAILED")

    def until(self, order_id: str, *statuses: str) -> dict[str, Any]:
        """The order once it has one of the statuses."""
        deadline = time.monotonic() + OUTCOME_TIMEOUT_S
        while True:
            order: dict[str, Any] = self.api.get(f"/orders/{order_id}").body
            if order.get("status") in statuses:
                return order
            assert time.monotonic() < deadline, f"{order_id} is still {order.get('status')}: {order}"
            time.sleep(POLL_S)


def lasting_differences(system: Deployed) -> list[RowDifference]:
    """What replay finds, once the stream has had time to be followed."""
    app = system.app
    deadline = time.monotonic() + OUTCOME_TIMEOUT_S
    while (differences := compare(app.events, app.projection)) and time.monotonic() < deadline:
        time.sleep(1)
    return differences


def copy_project(destination: Path) -> Path:
    """What would be shipped, from the working tree: tracked and new files."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *SHIPPED]
    listing = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listing.split("\0")):
        source, target = REPOSITORY / name, destination / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return destination


@contextmanager
def deployed(folder: Path) -> Iterator[Deployed]:
    """The system in a folder of its own, for as long as the block lasts."""
    with LocalAws(log_file=folder / "aws.log") as aws:
        deployment = Deployment(aws, copy_project(folder / "project"))
        (folder / "deploy.log").write_text(deployment.deploy())
        yield Deployed.of(deployment)
