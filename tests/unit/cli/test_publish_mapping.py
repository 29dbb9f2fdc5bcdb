"""Publishing CSV mappings: only right ones, under names that can be asked for."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from chalicelib.batches.parsing.csv_mapping import CANONICAL
from chalicelib.cli.publish_mapping import main


class Kept:
    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    def publish(self, source: str, name: str, text: str) -> str:
        self.texts[source, name] = text
        return f"mappings/{source}/{name}.toml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(CANONICAL)
    return path


def test_a_right_mapping_is_published(file: Path) -> None:
    kept, out = Kept(), StringIO()
    assert main(["sap-emea", str(file), "--name", "returns"], lambda: kept, out) == 0
    assert kept.texts == {("sap-emea", "returns"): CANONICAL}
    assert out.getvalue() == "mappings/sap-emea/returns.toml; it reads 17 columns\n"


def test_checking_publishes_nothing(file: Path) -> None:
    kept, out = Kept(), StringIO()
    assert main(["sap-emea", str(file), "--check"], lambda: kept, out) == 0
    assert not kept.texts


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        (("sku", "sko"), [], "line.sku"),
        (("", ""), ["--name", "../x"], "lower-case"),
    ],
)
def test_a_wrong_one_is_not(file: Path, change: tuple[str, str], arguments: list[str], said: str) -> None:
    file.write_text(CANONICAL.replace(*change) if change[0] else CANONICAL)
    kept, out = Kept(), StringIO()
    assert main(["sap-emea", str(file), *arguments], lambda: kept, out) == 1
    assert said in out.getvalue()
    assert not kept.texts


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    out = StringIO()
    assert main(["sap-emea", str(tmp_path / "none.toml")], Kept, out) == 1
    assert "none.toml" in out.getvalue()
