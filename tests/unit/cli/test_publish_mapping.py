"""Publishing CSV mappings: only right ones, under names that can be asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from tests.support.cli import Ended, typed


class Kept:
    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    def publish(self, source: str, name: str, text: str) -> str:
        self.texts[source, name] = text
        return f"mappings/{source}/{name}.toml"


def publish(kept: Kept, *arguments: str) -> Ended:
    return typed("publish-mapping", *arguments, batches=SimpleNamespace(mappings=kept))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(CANONICAL)
    return path


def test_a_right_mapping_is_published(file: Path) -> None:
    kept = Kept()
    ended = publish(kept, "sap-emea", str(file), "--name", "returns")
    columns = len(parse_mapping(CANONICAL).columns)
    assert ended == (0, f"mappings/sap-emea/returns.toml; it reads {columns} columns\n", "")
    assert kept.texts == {("sap-emea", "returns"): CANONICAL}


def test_checking_publishes_nothing(file: Path) -> None:
    kept = Kept()
    assert publish(kept, "sap-emea", str(file), "--check").code == 0
    assert not kept.texts


@pytest.mark.parametrize(
    ("content", "arguments", "code", "said"),
    [
        (CANONICAL.replace("sku", "sko").encode(), [], 1, "line.sku"),
        (b"[", [], 1, "is not TOML"),
        (b"\xff", [], 1, "is not UTF-8"),
        (CANONICAL.encode(), ["--name", "../x"], 2, "lower-case"),
    ],
)
def test_a_wrong_one_is_not(file: Path, content: bytes, arguments: list[str], code: int, said: str) -> None:
    file.write_bytes(content)
    kept = Kept()
    ended = publish(kept, "sap-emea", str(file), *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert not kept.texts


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = publish(Kept(), "sap-emea", str(tmp_path / "none.toml"))
    assert (ended.code, ended.out, "none.toml: No such file" in ended.err) == (1, "", True)
