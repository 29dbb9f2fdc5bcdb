"""Brings CloudFormation stacks to their template, from whatever state an earlier attempt has left them in.

A stack is changed through a change set: it says whether there is anything to do, and takes in tables and buckets that
outlived a stack of theirs (ImportExistingResources). A failure names the resource that failed first, and why.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.deploy.errors import DeployError, explained
from chalicelib.deploy.stack_watch import StackWatch

MAX_TEMPLATE_BYTES = 51_200
"""What CloudFormation takes inline (quota "Template body size in a request")."""

NEVER_WORKED = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
"""States of a stack whose creation failed. It cannot be updated, holds nothing in use, and is made anew."""

MAX_NAMES_SHOWN = 6

UNCHANGED = ("didn't contain changes", "No updates are to be performed")
"""Parts of the reason why a change set without changes fails."""


_STUCK = """Fix that resource, or decide to leave it as it is:
  aws cloudformation continue-update-rollback --stack-name {name} [--resources-to-skip NAME ...]
Then run the same command again."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What a stack is to be. `protected`: AWS refuses to delete it."""

    name: str
    template: Mapping[str, Any]
    parameters: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Stacks:
    """`client` is CloudFormation's; `say` prints a line."""

    client: Any
    emit: Callable[[str], None]

    @property
    def watch(self) -> StackWatch:
        return StackWatch(self.client)

    def apply(self, stack: Stack) -> dict[str, str]:
        """Create or change the stack if need be; its outputs. Raises DeployError."""
        with explained(f"Deploying the stack {stack.name}"):
            status = self._made_workable(stack.name)
            action = "CREATE" if status in (None, "REVIEW_IN_PROGRESS") else "UPDATE"
            if not self._execute_changes(stack, action):
                self.emit(f"Stack {stack.name}: unchanged")
            described = self.watch.describe(stack.name)
            assert described is not None, f"{stack.name} has just been deployed"
            if stack.protected and not described.get("EnableTerminationProtection"):
                self.client.update_termination_protection(StackName=stack.name, EnableTerminationProtection=True)
            return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def delete(self, name: str) -> None:
        """Delete the stack, unless there is none. Raises DeployError."""
        with explained(f"Deleting the stack {name}"):
            if self.watch.settled(name) is None:
                return
            self.emit(f"Stack {name}: deleting")
            self._delete(name)

    def _delete(self, name: str) -> None:
        mark = self.watch.last_event(name)
        self.client.delete_stack(StackName=name)
        if self.watch.settled(name) is not None:
            raise DeployError(f"Stack {name} could not be deleted.", self.watch.first_failure(name, mark))

    def _made_workable(self, name: str) -> str | None:
        """The stack's state once it can be created (None, REVIEW_IN_PROGRESS) or changed."""
        status = self.watch.settled(name)
        if status in NEVER_WORKED:
            self.emit(f"Stack {name}: removing what a failed attempt left ({status})")
            self._delete(name)
            return None
        if status == "UPDATE_ROLLBACK_FAILED":
            self.emit(f"Stack {name}: finishing the rollback of a failed update")
            mark = self.watch.last_event(name)
            self.client.continue_update_rollback(StackName=name)
            status = self.watch.settled(name)
            if status == "UPDATE_ROLLBACK_FAILED":
                why = self.watch.first_failure(name, mark)
                raise DeployError(
                    f"Stack {name} can be neither updated nor rolled back.", why, _STUCK.format(name=name)
                )
        return status

    def _execute_changes(self, stack: Stack, action: str) -> bool:
        """Whether there were changes to carry out."""
        changes = self._change_set(stack, action)
        if changes is None:
            return False
        self.emit(f"Stack {stack.name}: {_summary(changes['Changes'])}")
        mark = self.watch.last_event(stack.name)
        self.client.execute_change_set(ChangeSetName=changes["ChangeSetId"])
        self.watch.wait(stack.name, lambda: self.watch.last_event(stack.name), lambda event: event != mark)
        status = self.watch.settled(stack.name)
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            why = self.watch.first_failure(stack.name, mark)
            raise DeployError(f"Stack {stack.name} could not be deployed and is now {status}.", why)
        return True

    def _change_set(self, stack: Stack, action: str) -> dict[str, Any] | None:
        """What CloudFormation would do, ready to be executed; None if that is nothing."""
        change_set = self.client.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"deploy-{secrets.token_hex(8)}",
            ChangeSetType=action,
            TemplateBody=_inline(stack),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            ImportExistingResources=True,
            OnStackFailure="ROLLBACK",
            Tags=[{"Key": "application", "Value": "orderbridge"}],
        )
        described: dict[str, Any] = self.watch.wait(
            stack.name,
            lambda: self.client.describe_change_set(ChangeSetName=change_set["Id"]),
            lambda found: found["Status"] in ("CREATE_COMPLETE", "FAILED"),
        )
        if described["Status"] == "CREATE_COMPLETE":
            return described
        self.client.delete_change_set(ChangeSetName=change_set["Id"])
        if any(part in described["StatusReason"] for part in UNCHANGED):
            return None
        raise DeployError(f"CloudFormation refuses the template of {stack.name}.", described["StatusReason"])


def _inline(stack: Stack) -> str:
    body = json.dumps(stack.template, separators=(",", ":"))
    if len(body.encode()) > MAX_TEMPLATE_BYTES:
        why = f"It has {len(body.encode()):,} bytes; CloudFormation takes {MAX_TEMPLATE_BYTES:,}."
        raise DeployError(f"The template of {stack.name} is too large.", why, "Split the stack.")
    return body


def _summary(changes: list[dict[str, Any]]) -> str:
    """For example `Add 3, Modify 1: OrderWorkflow, ...`."""
    counted = Counter(change["ResourceChange"]["Action"] for change in changes)
    names = [change["ResourceChange"]["LogicalResourceId"] for change in changes]
    shown = ", ".join(names[:MAX_NAMES_SHOWN]) + (", ..." if len(names) > MAX_NAMES_SHOWN else "")
    return f"{', '.join(f'{action} {count}' for action, count in sorted(counted.items()))}: {shown}"
