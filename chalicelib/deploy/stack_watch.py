"""What is going on with a CloudFormation stack: its state, waiting for it, and what failed first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from chalicelib.deploy.errors import DeployError

TIMEOUT_S = 1800.0
FIRST_WAIT_S, LONGEST_WAIT_S, WAIT_FACTOR = 0.05, 3.0, 1.5

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class StackWatch:
    """`client` is CloudFormation's. Raises its errors."""

    client: Any
    sleep: Callable[[float], None] = time.sleep

    def describe(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def settled(self, name: str) -> str | None:
        """The stack's state once nothing is going on any more; None if there is no stack."""
        found = self.wait(name, lambda: self.describe(name), lambda stack: stack is None or not is_moving(stack))
        return None if found is None else str(found["StackStatus"])

    def wait(self, name: str, look: Callable[[], Found], done: Callable[[Found], bool]) -> Found:
        waited, pause = 0.0, FIRST_WAIT_S
        while not done(found := look()):
            if waited > TIMEOUT_S:
                raise DeployError(
                    f"Stack {name} is still being worked on after {TIMEOUT_S / 60:.0f} minutes.", str(found)
                )
            self.sleep(pause)
            waited, pause = waited + pause, min(LONGEST_WAIT_S, pause * WAIT_FACTOR)
        return found

    def events(self, name: str) -> Iterator[dict[str, Any]]:
        """The newest first."""
        for page in self.client.get_paginator("describe_stack_events").paginate(StackName=name):
            yield from page["StackEvents"]

    def last_event(self, name: str) -> str:
        return next((str(event["EventId"]) for event in self.events(name)), "")

    def first_failure(self, name: str, mark: str) -> str:
        """What failed first since the event `mark`, in CloudFormation's words: the failures after it only follow."""
        since = takewhile(lambda event: event["EventId"] != mark, self.events(name))
        failures = [event for event in since if event["ResourceStatus"].endswith("_FAILED")]
        if not failures:
            return "CloudFormation gives no reason; look at the stack's events."
        first = failures[-1]
        reason = first.get("ResourceStatusReason", "no reason given")
        return f"{first['LogicalResourceId']} ({first['ResourceType']}): {reason}"


def is_moving(stack: Mapping[str, Any]) -> bool:
    status = stack["StackStatus"]
    return bool(status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS")
