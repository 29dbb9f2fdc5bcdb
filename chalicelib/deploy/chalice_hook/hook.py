"""The hook in `chalice deploy` and `chalice delete`, which have none of their own.

They are wished for in https://github.com/aws/chalice/issues/758. Until then `app.py` calls `install()` when Chalice's
command line loads it, after the command has begun and before anything is planned. Methods of Chalice are wrapped, found
by reading the one version of it that is accepted. The numbers are issues of aws/chalice that tell of the same need:

    OSUtils.walk                    the bundle is the same for the same sources                               1065, 1114
    packager._iter_app_filenames    the bundle holds the poller, too                                          561
    SwaggerGenerator                API Gateway's own answers are problem documents, too                      1268
    PlanStage.execute               the plan starts from the newest record of what is deployed                1027
    Executor.execute                before: the resources stack, exact policies, complete event sources       758, 1071
                                    if it fails: what was made is recorded
    TypedAWSClient.update_function  functions that have not changed are left alone                            1842
    ResultsRecorder.record_results  after: the record is shared, versions and aliases, the workflow stack     758, 1027

`chalice delete` comes by execute, which deletes the workflow stack first, and record_results, which says what is kept.
The workflow comes after the recording, so that its failure never makes Chalice forget the REST API.
`chalice package` and `chalice local` deploy nothing and come by the first only.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import chalice
import click
from botocore.exceptions import BotoCoreError, ClientError
from chalice.awsclient import AWSClientError, TypedAWSClient
from chalice.config import DeployedResources
from chalice.deploy.deployer import ResultsRecorder
from chalice.deploy.executor import Executor
from chalice.deploy.packager import BaseLambdaDeploymentPackager
from chalice.deploy.planner import PlanStage
from chalice.deploy.swagger import SwaggerGenerator
from chalice.utils import OSUtils

from chalicelib.deploy import generate
from chalicelib.deploy.chalice_hook import bundle, event_sources, gateway, unchanged
from chalicelib.deploy.config.stages import STAGES
from chalicelib.deploy.deployment import Deployment
from chalicelib.deploy.errors import DeployError

CHALICE_VERSION = "1.34.0"

WITH_PLACEHOLDERS = {
    "create_role": "policy",
    "put_role_policy": "policy_document",
    "create_function": "environment_variables",
    "update_function": "environment_variables",
}
"""Method of Chalice's client -> its parameter in which the account and the region are still to be filled in."""

_installed = False


def install() -> None:
    """Called by app.py, once per command. Raises DeployError."""
    global _installed
    command = click.get_current_context(silent=True)
    if command is None or _installed:
        return
    require_version(str(chalice.__version__))
    if command.info_name in ("deploy", "delete", "package"):
        require_stage(command.params["stage"])
    # What is packed is also hashed, to see whether there is something new: compiled files make every bundle a new one.
    OSUtils.walk = bundle.reproducible(OSUtils.walk)
    # Chalice packs app.py, chalicelib/ and vendor/; poller/ is a package of its own beside them.
    packager = BaseLambdaDeploymentPackager
    packager._iter_app_filenames = bundle.with_packages(packager._iter_app_filenames)
    # A call that API Gateway answers itself never reaches the application, so the API's definition must say how.
    SwaggerGenerator.generate_swagger = gateway.with_gateway_responses(SwaggerGenerator.generate_swagger)
    if command.info_name in ("deploy", "delete"):
        deployment = begin(command)
        _plan_from(deployment)
        if command.info_name == "deploy":
            _deploy_around_chalice(deployment)
        else:
            _delete_around_chalice(deployment)
    _installed = True


def begin(command: click.Context) -> Deployment:
    """The deployment that the command is about, with the credentials, profile and region that Chalice uses."""
    project = Path(command.obj["project_dir"])
    if command.info_name == "deploy" and generate.stale(project / ".chalice"):
        click.echo("Warning: .chalice is not fresh: run `python -m chalicelib generate`", err=True)
    session = command.obj["factory"].create_botocore_session()
    deployment = Deployment.begin(STAGES[command.params["stage"]], cache(session.create_client), click.echo, project)
    deployment.fetch_record()
    return deployment


def _plan_from(deployment: Deployment) -> None:
    """Chalice keeps its record in one checkout, and from another would make everything a second time. It has read it
    before app.py was loaded, so before a newer one was fetched: hence here, between reading and planning."""
    upstream = PlanStage.execute

    def execute(self: Any, resources: Any) -> Any:
        record = deployment.record.read()
        self._remote_state._deployed_resources = DeployedResources(record) if record else DeployedResources.empty()
        return upstream(self, resources)

    PlanStage.execute = execute


def _deploy_around_chalice(deployment: Deployment) -> None:
    """Functions need tables and queues to be there, the workflow needs the functions: Chalice's part is in the middle.

    `execute` is its one place between the plan and the first call, and knows what was made if it fails;
    `record_results` the last thing that it does.
    """
    # Chalice uploads the bundle to every function: those that have not changed would lose their warm environments.
    TypedAWSClient.update_function = unchanged.skip_unchanged(TypedAWSClient.update_function, deployment.emit)
    upstream_execute, upstream_record = Executor.execute, ResultsRecorder.record_results

    def execute(self: Any, plan: Any) -> None:
        deployment.deploy_resources()
        # Policy files and the environment in config.json are plain text to Chalice: it fills nothing in.
        for call in plan.instructions:
            if parameter := WITH_PLACEHOLDERS.get(getattr(call, "method_name", "")):
                call.params[parameter] = deployment.exact(call.params[parameter])
        event_sources.complete(self._client._client("lambda"))
        try:
            upstream_execute(self, plan)
        except BaseException as error:
            deployment.keep_partial_record(self.resource_values)
            if isinstance(error, (AWSClientError, BotoCoreError, ClientError)):
                raise DeployError("Chalice could not finish its part of the deployment.", str(error)) from error
            raise

    def record_results(self: Any, results: Any, chalice_stage_name: str, project_dir: str) -> None:
        upstream_record(self, results, chalice_stage_name, project_dir)
        deployment.share_record()
        deployment.deploy_workflow()

    Executor.execute, ResultsRecorder.record_results = execute, record_results


def _delete_around_chalice(deployment: Deployment) -> None:
    """The other way round: what invokes the functions goes before them."""
    upstream_execute, upstream_record = Executor.execute, ResultsRecorder.record_results

    def execute(self: Any, plan: Any) -> None:
        deployment.delete_workflow()
        upstream_execute(self, plan)

    def record_results(self: Any, results: Any, chalice_stage_name: str, project_dir: str) -> None:
        upstream_record(self, results, chalice_stage_name, project_dir)
        deployment.share_record()
        deployment.explain_what_is_kept()

    Executor.execute, ResultsRecorder.record_results = execute, record_results


def require_version(version: str) -> None:
    """Raises DeployError unless this is the Chalice whose insides the hook knows."""
    if version != CHALICE_VERSION:
        raise DeployError(
            f"This is Chalice {version}; Orderbridge is deployed with Chalice {CHALICE_VERSION}.",
            "It reaches into Chalice where another version may differ.",
            "Run `make setup`, or `pip install -r requirements-dev.txt`, and use the chalice of that environment.",
        )


def require_stage(stage: str) -> None:
    """Raises DeployError if the stage is not known."""
    if stage not in STAGES:
        raise DeployError(
            f"There is no stage {stage!r}.",
            f"The stages are {', '.join(STAGES)}.",
            "Choose one with --stage. To add one: chalicelib/deploy/config/stages.py, then "
            "`python -m chalicelib generate`.",
        )
