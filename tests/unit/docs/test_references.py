"""What the pages name exists: files and folders, modules that are run, pages and headings that are linked to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/*.md")])

FOLDERS = ("chalicelib", "poller", "local", "tests", "bench", "docs")

MADE_LATER = (".local", ".venv", "vendor", "poller/sources", ".chalice/deployed")
"""What the pages speak of and users or programs make."""

PATH = re.compile(r"\.?\w[\w.-]*(/[\w.-]+)*/?")
LINK = re.compile(r"\]\(([^)\s]+)\)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def named(page: Path) -> Iterator[str]:
    """What stands between backticks in a line of prose and can only be a path of the repository.

    That is: it begins with a folder of the root or of one below, or ends as a Python module or a page does.
    """
    places = (ROOT, *(ROOT / folder for folder in FOLDERS))
    rooms = {path.name for place in places for path in place.iterdir() if path.is_dir()}
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for name in re.findall(r"`([^`\n]+)`", prose):
        if not PATH.fullmatch(name):
            continue
        if ("/" in name and name.split("/")[0] in rooms) or name.endswith((".py", ".md")):
            yield name


def exists(name: str, page: Path) -> bool:
    """Seen from the root, from one of its folders or from the page. A bare name stands in the row of its folder."""
    if any((place / name).exists() for place in (ROOT, page.parent, *(ROOT / folder for folder in FOLDERS))):
        return True
    return "/" not in name and any(name in (path.name for path in (ROOT / folder).rglob("*")) for folder in FOLDERS)


@each_page
def test_every_file_exists(page: Path) -> None:
    wanted = [name for name in named(page) if not name.startswith(MADE_LATER)]
    assert not [name for name in wanted if not exists(name, page)]


@each_page
def test_every_module_that_is_run_exists(page: Path) -> None:
    modules = set(re.findall(r"python3? -m ([a-z_]+(?:\.[a-z_]+)*)", page.read_text()))
    assert not [module for module in modules if find_spec(module) is None]


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text()):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert not broken


def headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    lines = (line.lstrip("#").strip().lower() for line in page.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w -]", "", line).replace(" ", "-") for line in lines}


def test_the_pages_are_found_and_name_something() -> None:
    assert ROOT / "docs" / "decisions" / "README.md" in PAGES
    assert "chalicelib/domain/state.py" in set(named(ROOT / "docs" / "how-it-works.md"))


def test_every_decision_is_in_the_index_under_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in pages] == list(range(1, len(pages) + 1))
    for path in pages:
        number, _, title = path.read_text().splitlines()[0].removeprefix("# ").partition(". ")
        assert f"| {number} | [{title}]({path.name}) |" in index
