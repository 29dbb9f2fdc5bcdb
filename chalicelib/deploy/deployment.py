"""One deployment, or deletion, of a stage: what happens before and after Chalice does its part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.deploy.config.functions import BY_NAME
from chalicelib.deploy.config.placeholders import filled_in
from chalicelib.deploy.config.stages import Stage, settings_of
from chalicelib.deploy.errors import explained
from chalicelib.deploy.index_steps import TableIndexes, one_index_at_a_time
from chalicelib.deploy.record import DeploymentRecord
from chalicelib.deploy.stack_updates import Stack, Stacks
from chalicelib.deploy.templates import bulk, resources, workflow
from chalicelib.deploy.versions import Versions
from chalicelib.settings import Settings
from chalicelib.workflow.definition import function_names


@dataclass(slots=True)
class Deployment:
    """`client(service)` makes AWS clients with the credentials and the region of the command; `emit` prints a line.

    `events_stream`: the ARN of the stream of events, once deploy_resources() has run.
    """

    stage: Stage
    settings: Settings
    client: Callable[[str], Any]
    emit: Callable[[str], None]
    project: Path
    events_stream: str = field(default="", init=False)

    @classmethod
    def begin(
        cls, stage: Stage, client: Callable[[str], Any], emit: Callable[[str], None], project: Path
    ) -> Deployment:
        """Learns which account and region this is. Raises DeployError."""
        with explained("Asking AWS who is deploying"):
            sts = client("sts")
            account = sts.get_caller_identity()["Account"]
        return cls(stage, settings_of(stage, sts.meta.region_name, account), client, emit, project)

    @property
    def stacks(self) -> Stacks:
        return Stacks(self.client("cloudformation"), self.emit)

    @property
    def record(self) -> DeploymentRecord:
        file = self.project / ".chalice" / "deployed" / f"{self.stage.name}.json"
        return DeploymentRecord(self.client("s3"), self.settings.bucket("reference"), file)

    def fetch_record(self) -> None:
        """Before Chalice makes its plan."""
        with explained("Reading the record of the last deployment"):
            if self.record.fetch():
                self.emit("Found a newer record of this stage's deployment than this machine's")

    def deploy_resources(self) -> None:
        """Before Chalice acts."""
        template = resources.template(self.stage, self.settings)
        indexes = TableIndexes(self.client("dynamodb"), self.stacks.watch)
        for step in one_index_at_a_time(template, indexes.of):
            stack = Stack(resources.stack_name(self.stage), step, protected=self.stage.protects_data)
            self.events_stream = self.stacks.apply(stack)[resources.EVENTS_STREAM]
            indexes.wait_until_active(step)

    def exact(self, document: dict[str, Any]) -> dict[str, Any]:
        """A document out of .chalice, as Chalice read it, with the account and the region."""
        exact: dict[str, Any] = filled_in(document, self.settings)
        return exact

    def deploy_workflow(self) -> None:
        """After Chalice has acted, and deploy_resources() before it.

        Versions first: a new workflow may rely on new steps, never the other way round.
        """
        versions = Versions(self.client("lambda"), self.emit)
        moved = [versions.publish(BY_NAME[name].aws_name(self.settings), workflow.LIVE) for name in function_names()]
        if not any(moved):
            self.emit("Functions of the workflow: unchanged")
        template = workflow.template(self.stage, self.settings)
        assert self.events_stream, "the resources come before the workflow"
        parameters = {resources.EVENTS_STREAM: self.events_stream}
        self.stacks.apply(Stack(workflow.stack_name(self.stage), template, parameters))
        self.stacks.apply(Stack(bulk.stack_name(self.stage), bulk.template(self.stage, self.settings)))

    def delete_workflow(self) -> None:
        """Before Chalice deletes the functions that the workflow, the stream's mapping and the alarms are about."""
        self.stacks.delete(bulk.stack_name(self.stage))
        self.stacks.delete(workflow.stack_name(self.stage))

    def share_record(self) -> None:
        """After Chalice has written its record."""
        with explained("Storing the record of this deployment"):
            self.record.share()

    def keep_partial_record(self, made: Sequence[dict[str, Any]]) -> None:
        """After Chalice has failed, so that the next attempt goes on with what this one has made."""
        try:
            self.record.keep_partial(made)
        except (BotoCoreError, ClientError) as error:  # the failure of Chalice is the one to be shown
            self.emit(f"The record of this deployment is on this machine only: {error}")

    def explain_what_is_kept(self) -> None:
        self.emit(
            f"Kept: the data, queues and alerts of stage {self.stage.name}, in the stack "
            f"{resources.stack_name(self.stage)}. A new deployment goes on with them. To remove them too, see "
            f"docs/deploy.md."
        )
