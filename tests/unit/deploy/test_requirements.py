"""The locks follow from what they lock, and `scripts/lock --check` notices when they do not; setup installs them."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILES = ("requirements.in", "requirements.txt", "requirements-dev.in", "requirements-dev.txt")

Edit = Callable[[str], str]


def check(folder: Path) -> tuple[int, str]:
    command = [sys.executable, str(ROOT / "scripts" / "lock_check.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def edited(folder: Path, name: str, edit: Edit) -> Path:
    """A copy of the files in which one is different."""
    for file in FILES:
        shutil.copy(ROOT / file, folder)
    before = (folder / name).read_text()
    after = edit(before)
    assert after != before, "the edit finds nothing to change"
    (folder / name).write_text(after)
    return folder


def without_hashes_of_msgspec(text: str) -> str:
    return re.sub(r"(msgspec==\S+) \\\n(    --hash=\S+( \\)?\n)+", r"\1\n", text)


def replaced(old: str, new: str) -> Edit:
    return lambda text: re.sub(old, new, text, count=1)


def test_the_locks_are_complete() -> None:
    assert check(ROOT) == (0, "")


@pytest.mark.parametrize(
    ("name", "edit", "problem"),
    [
        pytest.param("requirements.in", lambda text: text + "attrs\n", "attrs is missing", id="not locked"),
        pytest.param("requirements.in", replaced("msgspec.*", ""), "msgspec: nobody asks for it", id="left over"),
        pytest.param("requirements.in", replaced("msgspec.*", "msgspec<0.1"), "msgspec: .* is not <0.1", id="moved"),
        pytest.param("requirements.txt", replaced("msgspec==", "msgspec>="), "msgspec: no exact version", id="range"),
        pytest.param("requirements.txt", without_hashes_of_msgspec, "msgspec: no hash", id="no hash"),
        pytest.param("requirements.txt", replaced("certifi==", "certifi==1"), "certifi is pinned diff", id="two"),
        pytest.param(
            "requirements-dev.txt", replaced("\n", "\n--index-url=x\n"), "--index-url does not belong", id="registry"
        ),
        pytest.param(
            "requirements.txt", replaced("msgspec==.*", "msgspec @ https://example.com/m.whl"), "belong here", id="url"
        ),
    ],
)
def test_a_lock_that_does_not_follow_is_noticed(tmp_path: Path, name: str, edit: Edit, problem: str) -> None:
    code, said = check(edited(tmp_path, name, edit))
    assert code == 1
    assert re.search(problem, said), said


PIP_CONFIG = """\
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/opt/wheels'
install.no-index='1'
:env:.cert='/etc/ca.pem'
:env:.find-links='/srv/wheels /srv/more'
:env:.timeout='60'
"""


def test_uv_is_told_where_pip_looks_for_packages() -> None:
    told = runpy.run_path(str(ROOT / "scripts" / "install.py"))["uv_variables"](PIP_CONFIG, {"UV_NO_INDEX": "0"})
    assert told == {
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/srv/wheels,/srv/more",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_uv_itself_is_installed_from_the_lock() -> None:
    entry = runpy.run_path(str(ROOT / "scripts" / "install.py"))["locked"]("uv")
    assert re.fullmatch(r"uv==\S+ \\\n(    --hash=sha256:\w+( \\)?\n)+", entry)
