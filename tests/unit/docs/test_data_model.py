"""The page about the data model names every key that the code makes, and none besides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.dynamodb.orders.projection import OLDEST

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "data-model.md").read_text()

ITEM_FOLDERS = ("chalicelib/adapters/dynamodb", "poller/state")
"""Where items of DynamoDB are read and written; a test below sees to it that there are no others."""

OBJECT_FOLDERS = ("chalicelib/adapters/s3", "chalicelib/batches", "chalicelib/deploy/record.py")
SECRET_FOLDERS = ("chalicelib/wiring", "chalicelib/adapters")

ITEM_KEY = re.compile(r"[A-Z]{2,}(-[A-Z]+)*(#.*)?\Z")
"""A word in capitals, alone or followed by `#`."""

NO_KEYS = {"HASH", "RANGE", "COUNT"}
"""Words of DynamoDB's API that look like keys."""

OBJECT_KEY = re.compile(r"(?!application/)[a-z]+/\S*\w\Z")
SECRET = re.compile(r"orderbridge/\S+\Z")


def files(places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        found = [path] if path.is_file() else sorted(path.rglob("*.py"))
        assert found, f"{place} holds no code any more: this test looks in the wrong place"
        yield from found


def texts(path: Path) -> Iterator[str]:
    """Every text in a module; of an f-string its constant parts, with {} for what is put in.

    Constants of the module are put in, docstrings left out.
    """
    tree = ast.parse(path.read_text())
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    parts: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            parts.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts |= {piece for piece in node.values if isinstance(piece, ast.Constant)}
            parts |= {
                piece for value in node.values if isinstance(value, ast.FormattedValue) for piece in spec_of(value)
            }
            yield "".join(text_of(piece, constants) for piece in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node.value


def spec_of(value: ast.FormattedValue) -> Iterator[ast.AST]:
    return ast.walk(value.format_spec) if value.format_spec else iter(())


def text_of(piece: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(piece, ast.Constant):
        return str(piece.value)
    assert isinstance(piece, ast.FormattedValue)
    return constants.get(piece.value.id, "{}") if isinstance(piece.value, ast.Name) else "{}"


def made_by_the_code(places: tuple[str, ...], shape: re.Pattern[str]) -> set[str]:
    return {text for path in files(places) for text in texts(path) if shape.match(text)} - NO_KEYS


def on_the_page() -> set[str]:
    """What stands between backticks, with {} for `<...>`, and its beginnings up to a # as the code names them, too."""
    names = {re.sub(r"<[^>]*>", "{}", name) for name in re.findall(r"`([^`\n]+)`", PAGE)}
    words = {word for name in names if "#" in name for word in re.findall(r"[A-Z][A-Z-]+", name)}
    prefixes = {name[: place.end()] for name in names for place in re.finditer("#", name)}
    return names | words | prefixes


@pytest.mark.parametrize("key", sorted(made_by_the_code(ITEM_FOLDERS, ITEM_KEY)))
def test_every_key_of_an_item_is_explained(key: str) -> None:
    assert key in on_the_page()


def test_the_one_key_that_is_no_word_in_capitals_is_explained() -> None:
    assert OLDEST in on_the_page()


@pytest.mark.parametrize("key", sorted(made_by_the_code(OBJECT_FOLDERS, OBJECT_KEY)))
def test_every_key_of_an_object_is_explained(key: str) -> None:
    assert key in on_the_page()


@pytest.mark.parametrize("name", sorted(made_by_the_code(SECRET_FOLDERS, SECRET)))
def test_every_secret_is_explained(name: str) -> None:
    assert name in on_the_page()


def test_every_folder_on_disk_is_explained() -> None:
    found = {name for path in files(("chalicelib", "poller")) for name in re.findall(r"/tmp/[\w/-]+", path.read_text())}
    assert found <= on_the_page()


def test_no_key_is_explained_that_is_not_made() -> None:
    """The first two cells of the rows about items: a pk and an sk."""
    made = made_by_the_code(ITEM_FOLDERS, ITEM_KEY)
    known = {word for key in made for word in re.findall(r"[A-Z][A-Z-]+", key)}
    cells = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", PAGE, flags=re.M)
    explained = {word for row in cells for cell in row for word in re.findall(r"(?:^|#)([A-Z][A-Z-]+)", cell)}
    assert explained, "the page has no rows about items"
    assert explained <= known


def test_items_are_made_nowhere_else() -> None:
    """Whoever writes "pk" elsewhere makes keys that this test does not see. (`lambda_handlers` reads a stream's.)"""
    allowed = tuple(ROOT / place for place in (*ITEM_FOLDERS, "chalicelib/lambda_handlers"))
    found = {
        str(path.relative_to(ROOT))
        for path in files(("chalicelib", "poller", "local"))
        if not any(path.is_relative_to(place) for place in allowed)
        if re.search(r"""["'](pk|sk)["']""", path.read_text())
    }
    assert not found
