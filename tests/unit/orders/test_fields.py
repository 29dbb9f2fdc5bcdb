"""A field of the order reaches the other end of every channel. Orders are filled from the JSON model itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.domain.fields import leaves_of
from chalicelib.domain.order import Line, OrderContent
from chalicelib.orders.again import PRIVATE_FIELDS
from tests.support.fields.channels import CHANNELS, Payload
from tests.support.fields.filler import orders
from tests.support.fields.forgotten import FIELD, LEFT_OUT, SPOILT
from tests.support.repository import PACKAGES, ROOT, sources

BATCHES = ROOT / "docs" / "batches.md"

NOTICED_BY = {
    "the OpenAPI document": "OpenAPI",
    "the domain's class": "start",
    "the JSON model": "start",
    "the view": "view",
    "the words of discover": "drafted source",
    "REST": "REST",
    "the way into the domain": "JSON to domain",
    "batch in the call": "batch in the call",
    "batch JSONL": "batch JSONL",
    "batch JSON": "batch JSON",
    "batch CSV": "batch CSV",
    "the mapping language": "poller mapping",
    "the poller": "poller mapping",
    "storage": "storage",
    "the comparison of a repeated order": "conflict",
    "the sample company's JSON": "sample company",
    "the drafted source file": "drafted source",
}
"""Omission -> the check that must see it; "start": our modules cannot be loaded, so every test is red."""


@pytest.mark.parametrize("channel", CHANNELS)
@settings(max_examples=10, deadline=None, phases=[Phase.generate])  # a smaller order says nothing more
@given(payload=orders())
def test_every_field_comes_through(channel: str, payload: Payload) -> None:
    CHANNELS[channel](payload)


def test_every_field_has_a_column_of_its_own_in_the_built_in_csv_mapping_and_in_its_documentation() -> None:
    columns = parse_mapping(CANONICAL).columns
    mapped = [path for path in (*leaves_of(OrderContent), *leaves_of(Line)) if path != "source"]
    assert list(columns) == [path.replace(".", "_") for path in mapped]
    documented = BATCHES.read_text()
    assert not [name for name in columns if f"`{name}`" not in documented]


def test_private_fields_are_fields() -> None:
    """Of a field that was renamed, the values would be shown to whoever repeats an order."""
    paths = leaves_of(OrderContent)
    for private in PRIVATE_FIELDS:
        assert any(path.startswith(private) for path in paths), private


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Omission -> channel -> what the check of the channel said, on a copy of the project."""
    copy = tmp_path_factory.mktemp("forgotten")
    for path in (*sources(*PACKAGES, "tests/support"), ROOT / "docs" / "batches.md", ROOT / "tests" / "__init__.py"):
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    document = Path("chalicelib", "api", "openapi", "openapi.json")
    shutil.copy(ROOT / document, copy / document)
    out = copy / "told.json"
    command = [sys.executable, "-m", "tests.support.fields.forgotten", str(out)]
    subprocess.run(command, cwd=copy, check=True, env={**os.environ, "PYTHONPATH": str(copy)})
    found: dict[str, dict[str, str]] = json.loads(out.read_text())
    return found


@pytest.mark.slow
def test_a_field_that_is_carried_everywhere_is_noticed_nowhere(told: dict[str, dict[str, str]]) -> None:
    assert told["nothing"] == {}


@pytest.mark.slow
@pytest.mark.parametrize("omission", [*LEFT_OUT, *SPOILT, "the OpenAPI document"])
def test_a_field_that_is_forgotten_in_one_channel_is_noticed_there(
    told: dict[str, dict[str, str]], omission: str
) -> None:
    assert NOTICED_BY[omission] in told[omission]


@pytest.mark.slow
def test_a_class_and_a_model_that_disagree_say_in_which_field(told: dict[str, dict[str, str]]) -> None:
    assert FIELD in told["the JSON model"]["start"]
    assert FIELD in told["the domain's class"]["start"]
