"""A local AWS account to experiment in, and the register of experiments."""

from __future__ import annotations

import io
import itertools
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator.aws import LocalAws

Found = TypeVar("Found")

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def policy(*statements: tuple[list[str], str]) -> str:
    """A policy that allows these actions on these resources."""
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


EVERYTHING = policy((["*"], "*"))


def bundle(source: str) -> bytes:
    """A zip with `app.py`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    return buffer.getvalue()


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: Any


class Lab:
    """Short ways to make functions, state machines and APIs, each under a name of its own."""

    def __init__(self, aws: LocalAws, *, patience_s: float = 120.0) -> None:
        self.aws = aws
        self.patience_s = patience_s
        self._clients: dict[str, Any] = {}
        self._numbers = itertools.count(1)

    def client(self, service: str) -> Any:
        """A client to be shared by threads."""
        if service not in self._clients:
            config = Config(max_pool_connections=50, read_timeout=60)
            self._clients[service] = self.aws.client(service, config=config)
        return self._clients[service]

    def name(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"

    def role(self, allowed: str = EVERYTHING) -> str:
        name = self.name("role")
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]
        self.client("iam").put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
        return str(role["Arn"])

    def function(self, source: str, *, allowed: str = EVERYTHING, **settings: Any) -> str:
        """ARN of a function whose `handler` is in `source`."""
        made = self.client("lambda").create_function(
            FunctionName=self.name("function"),
            Runtime="python3.11",
            Role=self.role(allowed),
            Handler="app.handler",
            Code={"ZipFile": bundle(source)},
            **{"Timeout": 20, **settings},
        )
        return str(made["FunctionArn"])

    def invoke(self, function_arn: str, event: Any = None) -> Any:
        answer = self.client("lambda").invoke(FunctionName=function_arn, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read())

    def machine(self, definition: dict[str, Any], *, kind: str = "STANDARD", role: str | None = None) -> str:
        made = self.client("stepfunctions").create_state_machine(
            name=self.name("machine"), definition=json.dumps(definition), roleArn=role or self.role(), type=kind
        )
        return str(made["stateMachineArn"])

    def task(self, function_arn: str, **fields: Any) -> dict[str, Any]:
        """A definition with one task, and a state `Caught` for its Catch to go to."""
        task = {"Type": "Task", "Resource": function_arn, "End": True, **fields}
        return {"StartAt": "Only", "States": {"Only": task, "Caught": {"Type": "Pass", "End": True}}}

    def start(self, machine_arn: str, event: Any = None, **named: Any) -> dict[str, Any]:
        started: dict[str, Any] = self.client("stepfunctions").start_execution(
            stateMachineArn=machine_arn, input=json.dumps(event or {}), **named
        )
        return started

    def outcome(self, execution_arn: str) -> dict[str, Any]:
        """The description of an execution that has ended."""

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=execution_arn)
            return found if found["status"] != "RUNNING" else None

        return self.wait_for(ended)

    def run(self, machine_arn: str, event: Any = None) -> dict[str, Any]:
        return self.outcome(self.start(machine_arn, event)["executionArn"])

    def http(self, url: str, *, body: bytes | None = None, **headers: str) -> HttpAnswer:
        request = urllib.request.Request(url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return HttpAnswer(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            return HttpAnswer(error.code, error.read().decode())

    @staticmethod
    def error_code(call: Callable[[], Any]) -> str:
        """The code with which AWS refuses; empty if it does not."""
        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def wait_for(self, look: Callable[[], Found | None]) -> Found:
        """The first answer of `look` that is not None or empty."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError(f"nothing came within {self.patience_s} s")


Experiment = Callable[[Lab], None]
EXPERIMENTS: list[tuple[str, Experiment]] = []


def shows(adaptation: str) -> Callable[[Experiment], Experiment]:
    """Registers an experiment: it holds on AWS and on the adapted local AWS, and fails on bare MiniStack."""

    def register(experiment: Experiment) -> Experiment:
        EXPERIMENTS.append((adaptation, experiment))
        return experiment

    return register
