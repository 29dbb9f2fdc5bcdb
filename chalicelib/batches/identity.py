"""What the id of a batch is made of: the same content read in the same way is the same batch.

How a CSV file is read is its mapping as parsed, so a comment, a blank line or another order of keys changes nothing.
"""

from __future__ import annotations

import json

from chalicelib.batches.model import Format
from chalicelib.batches.parsing.csv_mapping import CANONICAL, CsvMapping, parse_mapping
from chalicelib.domain.ids import hashed_id

BUILT_IN = """
ignore = []
[order]
external_id = "external_id"
ordered_at = "ordered_at"
customer_id = "customer_id"
currency = "currency"
total = "total"
payment = { method = "payment_method", token = "payment_token" }
[order.ship_to]
name = "ship_to_name"
address = "ship_to_address"
city = "ship_to_city"
postal_code = "ship_to_postal_code"
country = "ship_to_country"
[line]
line = "line"
sku = "sku"
quantity = "quantity"
unit_price = "unit_price"
tax_rate = "tax_rate"
"""
"""Stands for the mapping of a source that has published none: its text in release 0.1, never to be changed.

The built-in mapping grows by optional columns only, which change nothing for the files that were right before. So a
file keeps its batch from release to release.
"""


def batch_id_of(source: str, kind: Format, encoding: str, mapping: str, sha256: str, trial: str = "") -> str:
    """`mapping`: for CSV what `identity_of` its mapping is, else empty. `sha256` (hex) is of the unpacked content.

    `trial`: the id of the upload, if the file is only tried: each trial is a batch of its own, and none is the batch.
    """
    return hashed_id("b", source, kind, encoding, mapping, sha256, *((trial,) if trial else ()))


def identity_of(mapping: CsvMapping) -> str:
    """Equal for mappings that say the same. Options at their default are left out: new ones will change nothing."""
    found = _canonical(mapping)
    return BUILT_IN if found == _canonical(parse_mapping(CANONICAL)) else found


def _canonical(mapping: CsvMapping) -> str:
    return json.dumps(mapping.model_dump(mode="json", exclude_defaults=True), sort_keys=True, separators=(",", ":"))
