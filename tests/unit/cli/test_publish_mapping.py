"""Publishing CSV mappings: only right ones, under names that can be asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from tests.support.cli import Ended, typed
from tests.support.repository import ROOT


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


def samples(name: str) -> tuple[str, str]:
    folder = ROOT / "docs" / "mappings"
    [sample] = (folder / "samples").glob(f"{name}.*")
    return str(folder / f"{name}.toml"), str(sample)


def test_a_sample_shows_the_orders_that_a_mapping_makes_of_it() -> None:
    kept = Kept()
    mapping, sample = samples("odoo")
    ended = publish(kept, "shop", mapping, "--check", "--sample", sample)
    first, second, last = ended.out.splitlines()[1:]
    assert (ended.code, kept.texts) == (0, {})
    assert first.startswith('line 2 to 6: S00101: {"source":"shop","external_id":"S00101"')
    assert second.startswith("line 7: S00102: {")
    assert last == "2 orders, 0 of them wrong; 9 lines: 1 header, 0 blank, 2 skipped, 6 of orders"


def test_a_sample_shows_what_is_wrong_with_its_orders(tmp_path: Path) -> None:
    mapping, sample = samples("odoo")
    text = Path(sample).read_text(encoding="utf-8")
    text = text.replace('"12.52"', '"12.53"', 1).replace('"16.80"', '"16,80"', 1).replace("Quotation", "Quote")
    (tmp_path / "export.csv").write_text(text, encoding="utf-8")
    ended = publish(Kept(), "shop", mapping, "--check", "--sample", str(tmp_path / "export.csv"))
    assert ended.code == 1
    first, second, third, last = ended.out.splitlines()[1:]
    assert first == "line 2 to 6: S00101: wrong: total: is 59.76, its lines make 59.78"
    assert "line 7: S00102: wrong: lines[0].unit_price: is not a number" in second
    assert "S00103: wrong: has a value that [where] neither takes nor leaves out (column Status)" in third
    assert last.startswith("3 orders, 3 of them wrong")


@pytest.mark.parametrize(
    ("content", "arguments", "code", "said"),
    [
        (b"", ["--check"], 1, "would be refused: the file is empty"),
        (b"a,b\n1,2\n", ["--check"], 1, "would be refused: the header row lacks columns"),
        (b"PK\x03\x04xl/", ["--check"], 1, "would be refused: the file is an Excel workbook"),
        (b"a,b\n", [], 2, "--sample publishes nothing: add --check"),
    ],
)
def test_a_sample_that_would_be_refused_says_why(
    tmp_path: Path, content: bytes, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "export.csv").write_bytes(content)
    kept = Kept()
    ended = publish(kept, "shop", samples("odoo")[0], "--sample", str(tmp_path / "export.csv"), *arguments)
    assert (ended.code, kept.texts) == (code, {})
    assert said in ended.err
