"""The page that explains the language of mappings names all of it."""

from __future__ import annotations

import tomllib

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import CsvMapping, parse_mapping
from chalicelib.mapping.field_model import CALCULATIONS
from chalicelib.mapping.transforms import TRANSFORMS
from tests.support.files.damage import Style
from tests.support.repository import ROOT

POLLER = (ROOT / "docs" / "poller.md").read_text(encoding="utf-8")
BATCHES = (ROOT / "docs" / "batches.md").read_text(encoding="utf-8")
SAID_ELSEWHERE = {"encoding", "delimiter", "timezone", "ambiguous_time", "ignore", "order", "line", "codes"}


def test_every_transform_is_explained_as_in_its_own_words() -> None:
    assert not [name for name, text in TRANSFORMS.items() if f"- `{name}`: {text}\n" not in POLLER]


def test_every_calculation_has_an_example() -> None:
    assert not [name for name in CALCULATIONS if f"| `{name} = [" not in POLLER]


def test_every_option_of_a_csv_mapping_has_an_example() -> None:
    options = CsvMapping.model_fields.keys() - SAID_ELSEWHERE
    assert not [name for name in sorted(options) if f"{name} = " not in BATCHES and f"[{name}" not in BATCHES]


def test_the_examples_of_the_page_are_toml_that_a_mapping_may_hold() -> None:
    """Alone they are none: but nothing is wrong with them except columns and tables that are missing."""
    blocks = [block.split("```")[0] for block in BATCHES.split("```toml\n")[1:]]
    examples = [tomllib.loads(block) for block in blocks]
    assert len(examples) >= 5
    options, rest = Style().mapping.split("[order]")
    for block, example in zip(blocks, examples, strict=True):
        if example.keys() & {"order", "kinds"}:
            continue
        try:
            parse_mapping(f"[order]{rest}".replace("[order]", f"{options}{block}[order]", 1))
        except BrokenFile as problem:
            raise AssertionError(block) from problem
