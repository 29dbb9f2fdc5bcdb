"""Chalice hands the lock to pip as it is: a file with another hash than ours gets into no bundle."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from local.deployment import DeployFailed, Deployment
from local.emulator.aws import REPOSITORY, LocalAws
from tests.support.e2e.deployed import copy_project

pytestmark = pytest.mark.e2e

PACKAGE = "idna"
"""Stands for all: small, without dependencies, the same file for every Python."""


def project_locked_to(entry: str, folder: Path) -> Deployment:
    """A copy of the project whose only requirement is this one. No AWS is asked."""
    project = copy_project(folder)
    (project / "requirements.txt").write_text(entry)
    return Deployment(LocalAws(), project)


def entry_of(lock: str) -> str:
    found = re.search(rf"^{PACKAGE}==.*\n(    --hash.*\n)+", lock, flags=re.M)
    assert found is not None
    return found[0]


def test_what_has_the_locked_hash_is_bundled_and_what_has_another_is_refused(tmp_path: Path) -> None:
    entry = entry_of((REPOSITORY / "requirements.txt").read_text())
    package = ("package", "--stage", "prod", "out")

    right = project_locked_to(entry, tmp_path / "right")
    right.chalice(*package)
    with zipfile.ZipFile(right.project / "out" / "deployment.zip") as bundle:
        assert f"{PACKAGE}/__init__.py" in bundle.namelist()

    wrong = project_locked_to(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", entry), tmp_path / "wrong")
    with pytest.raises(DeployFailed, match="HASHES FROM THE REQUIREMENTS FILE"):
        wrong.chalice(*package)
