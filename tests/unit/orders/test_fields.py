"""A field of the order reaches the other end of every channel. Orders are filled from the JSON model itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.domain.fields import leaves_of
from chalicelib.domain.order import Line, OrderContent
from chalicelib.orders.accept import PRIVATE_FIELDS
from tests.support.order_channels import CHANNELS, Payload
from tests.support.order_filler import orders

BATCHES = Path(__file__).resolve().parents[3] / "docs" / "batches.md"


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
