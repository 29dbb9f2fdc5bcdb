"""The hook's parts: which Chalice and stage it accepts, and what it adds to Chalice's own calls."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chalice
import pytest
from botocore.stub import ANY, Stubber
from chalice.awsclient import TypedAWSClient
from chalice.config import DeployedResources
from chalice.deploy.deployer import ResultsRecorder
from chalice.deploy.executor import Executor
from chalice.deploy.models import APICall
from chalice.deploy.packager import BaseLambdaDeploymentPackager
from chalice.deploy.planner import PlanStage, RemoteState
from chalice.deploy.swagger import SwaggerGenerator
from chalice.utils import OSUtils

from chalicelib.deploy.chalice_hook import bundle, event_sources, unchanged
from chalicelib.deploy.chalice_hook.hook import CHALICE_VERSION, WITH_PLACEHOLDERS, require_stage, require_version
from chalicelib.deploy.errors import DeployError
from tests.support.aws import moto_client


def test_the_installed_chalice_is_the_one_that_the_hook_knows() -> None:
    require_version(chalice.__version__)


def test_another_chalice_is_refused_with_the_way_to_the_right_one() -> None:
    with pytest.raises(DeployError) as refusal:
        require_version("1.99.0")
    assert "Chalice 1.99.0" in refusal.value.message
    assert CHALICE_VERSION in refusal.value.message
    assert "make setup" in refusal.value.message


def test_the_pinned_requirement_is_the_version_that_the_hook_knows() -> None:
    requirements = Path(__file__).parents[3].joinpath("requirements-dev.txt").read_text().splitlines()
    assert f"chalice=={CHALICE_VERSION} \\" in requirements  # its hashes follow


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (OSUtils, "walk"),
        (BaseLambdaDeploymentPackager, "_iter_app_filenames"),
        (SwaggerGenerator, "generate_swagger"),
        (PlanStage, "execute"),
        (Executor, "execute"),
        (Executor, "_do_apicall"),
        (ResultsRecorder, "record_results"),
        (RemoteState, "resource_deployed_values"),
        (DeployedResources, "empty"),
        *((TypedAWSClient, method) for method in (*WITH_PLACEHOLDERS, "_client")),
    ],
)
def test_what_the_hook_takes_hold_of_is_there(owner: type, name: str) -> None:
    assert callable(getattr(owner, name))


def test_parameters_of_a_planned_call_can_be_completed() -> None:
    call = APICall("create_role", params={"policy": "with placeholders"})
    call.params["policy"] = "exact"
    assert call.params == {"policy": "exact"}


def test_an_unknown_stage_is_refused_with_those_that_exist() -> None:
    with pytest.raises(DeployError, match="local, dev, prod"):
        require_stage("staging")


class TestBundle:
    """What is packed, and in which order."""

    def walked(self, folder: Path) -> list[str]:
        walk = bundle.reproducible(lambda _self, path, followlinks: os.walk(path, followlinks=followlinks))
        return [
            str(Path(root, name).relative_to(folder)) for root, _, names in walk(None, str(folder)) for name in names
        ]

    def test_compiled_files_are_left_out_and_the_order_is_that_of_names(self, tmp_path: Path) -> None:
        for name in ("b.py", "a.py", "z/c.py", "m/d.py", "__pycache__/a.cpython-311.pyc", "z/__pycache__/c.pyc"):
            tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            tmp_path.joinpath(name).touch()
        assert self.walked(tmp_path) == ["a.py", "b.py", "m/d.py", "z/c.py"]

    def test_the_poller_is_packed_and_hashed(self, tmp_path: Path) -> None:
        for name in ("app.py", "chalicelib/__init__.py", "poller/reading/reader.py", "local/seed.py"):
            tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            tmp_path.joinpath(name).touch()

        class Packager(BaseLambdaDeploymentPackager):  # type: ignore[misc]
            _iter_app_filenames = bundle.with_packages(BaseLambdaDeploymentPackager._iter_app_filenames)

        packager = Packager(OSUtils(), None, None)

        def fingerprint() -> str:
            return str(packager._hash_project_dir("", str(tmp_path / "vendor"), str(tmp_path)))

        packed = {name for _, name in packager._iter_app_filenames(str(tmp_path)) if not name.startswith("chalice/")}
        assert packed == {"app.py", "chalicelib/__init__.py", "poller/reading/reader.py"}
        before = fingerprint()
        (tmp_path / "poller" / "reading" / "reader.py").write_text("changed = True\n")
        assert fingerprint() != before


MAPPING = "0f9c1a36-2f0e-4f0c-9d6f-2b7f6a8f1c11"


class TestEventSources:
    """Chalice's mappings report partial failures from their first moment."""

    @pytest.fixture
    def lambda_client(self) -> Iterator[Any]:
        client = moto_client("lambda")
        event_sources.complete(client)
        with Stubber(client) as stubber:
            for operation in ("create_event_source_mapping", "update_event_source_mapping"):
                wanted = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
                known = {"UUID": ANY} if operation.startswith("update") else {"FunctionName": ANY}
                stubber.add_response(operation, {"UUID": MAPPING}, {**wanted, **known})
            yield client
            stubber.assert_no_pending_responses()

    def test_creating_and_updating(self, lambda_client: Any) -> None:
        lambda_client.create_event_source_mapping(FunctionName="consume")
        lambda_client.update_event_source_mapping(UUID=MAPPING)


BUNDLE = b"zip"
WANTED = {
    "function_name": "f",
    "zip_contents": BUNDLE,
    "xray": True,
    "role_arn": "role",
    "runtime": "python3.11",
    "environment_variables": {"A": "1"},
    "tags": {"aws-chalice": "v"},
    "timeout": 10,
    "memory_size": 512,
    "security_group_ids": [],
    "subnet_ids": [],
    "layers": [],
    "architecture": "x86_64",
}
FOUND = {
    "Configuration": {
        "FunctionName": "f",
        "CodeSha256": base64.b64encode(hashlib.sha256(BUNDLE).digest()).decode(),
        "TracingConfig": {"Mode": "Active"},
        "Role": "role",
        "Runtime": "python3.11",
        "Environment": {"Variables": {"A": "1"}},
        "Timeout": 10,
        "MemorySize": 512,
        "Architectures": ["x86_64"],
    },
    "Tags": {"aws-chalice": "v"},
}


def test_a_function_that_is_as_wanted_is_unchanged() -> None:
    assert unchanged.is_unchanged(WANTED, FOUND)


@pytest.mark.parametrize("key", sorted(WANTED))
def test_a_difference_in_anything_is_a_change(key: str) -> None:
    others: dict[str, Any] = {"zip_contents": b"other", "xray": False, "timeout": 11}
    assert not unchanged.is_unchanged({**WANTED, key: others.get(key, ["other"])}, FOUND)
