"""The file format: look-ups are those of a dictionary, and damage never goes unnoticed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.s3.reference_files import DamagedFile, ReferenceFile, encode
from chalicelib.adapters.s3.reference_records import PRODUCTS
from chalicelib.domain.reference import Product

texts = st.text(max_size=8)


@given(st.dictionaries(texts, texts, max_size=30), texts)
def test_look_ups_in_a_file_are_those_of_a_dictionary(names: dict[str, str], other: str) -> None:
    products = {sku: Product(sku, name) for sku, name in names.items()}
    file = ReferenceFile(PRODUCTS, encode(PRODUCTS, reversed(products.values())))
    assert file.count == len(products)
    for sku in (*products, other):
        assert file.find(sku) == products.get(sku)


@pytest.mark.parametrize("changes", [(0x01, 0x20, 0xFF), pytest.param(range(1, 256), marks=pytest.mark.slow)])
def test_no_changed_byte_goes_unnoticed(changes: Iterable[int]) -> None:
    """Every byte of the file in turn, by a bit, by what makes other letters, wholly; the slow form: by anything."""
    content = encode(PRODUCTS, [Product("WIDGET-1", "one"), Product("WIDGET-2", "two")])
    for at, change in product(range(len(content)), changes):
        damaged = content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]
        try:
            file = ReferenceFile(PRODUCTS, damaged)
        except DamagedFile:
            continue
        assert file.find("WIDGET-1") is not None, "only header text that no look-up depends on may change"


def test_a_file_is_json_that_other_programs_can_read() -> None:
    content = json.loads(encode(PRODUCTS, [Product("B", "second"), Product("A", "first")]))
    assert (content["dataset"], content["count"]) == ("products", 2)
    assert {sku: record["name"] for sku, record in content["records"].items()} == {"A": "first", "B": "second"}
