"""The contracts in pyproject.toml refuse what the architecture forbids: shown on a copy of the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import PACKAGES, ROOT, sources

ILLEGAL = {
    "chalicelib.domain.money": "chalicelib.ports",
    "chalicelib.ports.runtime": "chalicelib.orders.accept",
    "chalicelib.mapping.rules": "chalicelib.workflow.table",
    "chalicelib.workflow.table": "chalicelib.steps.validate_order",
    "chalicelib.settings": "chalicelib.adapters.aws.clients",
    "chalicelib.observability": "chalicelib.settings",
    "chalicelib.orders.accept": "chalicelib.wiring.stores",
    "chalicelib.steps.confirm_order": "chalicelib.adapters.system",
    "chalicelib.batches.report": "chalicelib.recovery.sweeper",
    "chalicelib.read_model.listing": "chalicelib.adapters.dynamodb.tables",
    "chalicelib.recovery.sweeper": "chalicelib.adapters.step_functions",
    "chalicelib.acknowledgements.outbox": "chalicelib.api.services",
    "chalicelib.reference_data.models": "chalicelib.batches.model",
    "chalicelib.auth.tokens": "chalicelib.steps.confirm_order",
    "chalicelib.api.handlers.orders": "chalicelib.adapters.dynamodb.tables",
    "chalicelib.adapters.system": "chalicelib.api.routes",
    "chalicelib.wiring.stores": "chalicelib.deploy.versions",
    "chalicelib.deploy.versions": "chalicelib.cli.operators.tokens",
    "chalicelib.lambda_handlers.api": "chalicelib.cli.operators.tokens",
    "poller.errors": "poller.source.file",
    "poller.source.model": "poller.database.queries",
    "poller.database.queries": "poller.state.ports",
    "poller.reading.reader": "poller.polling.poll",
    "poller.polling.poll": "poller.commands.run",
    "chalicelib.cli.operators.faults": "poller.polling.poll",
    "poller.lambda_handler": "local.seed",
    "local.seed": "bench.orders",
}
"""Importing module -> what it may not import: every room is there at least once."""

OUTSIDE = ("chalicelib.domain.money", "chalicelib.orders.accept", "chalicelib.batches.report", "chalicelib.steps.frame")
"""Modules into which `import boto3` is put; the last one is made for it."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in sources(*PACKAGES):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def add(project: Path, module: str, line: str) -> None:
    path = project / (module.replace(".", "/") + ".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef _illegal() -> None:\n    {line}\n")


def lint(project: Path) -> tuple[int, str]:
    """The same as in `make check`: exit code and report."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)
    return done.returncode, " ".join(done.stdout.split())


def test_the_project_keeps_its_contracts(project: Path) -> None:
    code, report = lint(project)
    assert (code, "0 broken" in report) == (0, True), report


def test_an_illegal_import_is_refused_in_every_room(project: Path) -> None:
    for importer, imported in ILLEGAL.items():
        add(project, importer, f"import {imported}")
    code, report = lint(project)
    assert code == 1
    pairs = [f"{importer} -> {imported}" for importer, imported in ILLEGAL.items()]
    assert not [pair for pair in pairs if pair not in report]


def test_every_room_is_tried() -> None:
    rooms = {path.name for path in (ROOT / "chalicelib").iterdir() if (path / "__init__.py").exists()}
    assert rooms - {importer.split(".")[1] for importer in ILLEGAL if importer.startswith("chalicelib.")} <= {"cli"}


def test_aws_is_refused_inside(project: Path) -> None:
    for module in OUTSIDE:
        add(project, module, "import boto3")
    code, report = lint(project)
    assert code == 1
    assert not [module for module in OUTSIDE if f"{module} -> boto3" not in report]


def test_a_circle_among_siblings_is_refused(project: Path) -> None:
    add(project, "chalicelib.batches.parsing.records", "import chalicelib.batches.split")
    code, report = lint(project)
    assert code == 1
    assert "No circle among the children of any folder BROKEN" in report


def test_a_room_that_no_contract_names_is_refused(project: Path) -> None:
    add(project, "chalicelib.annex.shed", "import chalicelib.domain.money")
    (project / "chalicelib" / "annex" / "__init__.py").touch()
    code, report = lint(project)
    assert code == 1
    assert "annex" in report
