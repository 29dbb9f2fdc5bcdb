"""Exports of shops and ERPs, with the header rows and habits that these have, read by the mappings in docs/mappings."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest

from chalicelib.batches.parsing.csv_mapping import CsvMapping, parse_mapping
from chalicelib.domain.order import OrderContent
from tests.support.files.reading import Outcome, outcome_of
from tests.support.repository import ROOT

FOLDER = ROOT / "docs" / "mappings"
TWO = {"MUG-1": "2", "BOOK-3": "1"}
CAPS = {"CAP": "7"}
ORDERS: dict[str, dict[str, tuple[dict[str, str], str]]] = {
    "shopify": {
        "#1001": ({"MUG-1": "2", "TEE-M": "1", "CAP": "1", "SHIPPING": "1"}, "83.69 EUR"),
        "#1002": ({"MUG-1": "1"}, "14.90 EUR"),
    },
    "woocommerce": {
        "2001": ({"MUG-1": "3", "TEE-M": "1", "SHIPPING": "1"}, "78.60 EUR"),
        "2002": (CAPS, "139.94 EUR"),
    },
    "magento": {
        "000000101": ({"TEE-M": "2", "MUG-1": "1", "SHIPPING": "1"}, "77.80 EUR"),
        "000000102": (CAPS, "139.94 EUR"),
    },
    "odoo": {"S00101": (TWO, "59.76 EUR"), "S00102": (CAPS, "139.94 EUR")},
    "erpnext": {"SAL-ORD-2026-00101": (TWO, "3249.90 INR"), "SAL-ORD-2026-00102": (CAPS, "1387.68 INR")},
    "sap": {
        "4711": ({"000000000000100-200": "1200", "HB-7": "3"}, "17968.41 EUR"),
        "4712": (CAPS, "139.94 EUR"),
    },
    "amazon": {
        "303-1234567-7654321": ({"MUG-1": "2", "TEE-M": "1"}, "62.79 EUR"),
        "028-7654321-1234567": ({"CAP": "3"}, "59.97 EUR"),
    },
    "sage": {"101": (TWO, "60.26 USD"), "102": (CAPS, "151.47 USD")},
    "dynamics": {"SO-000101": (TWO, "59.76 EUR"), "SO-000102": (CAPS, "139.94 EUR")},
    "records": {"2026-0101": (TWO, "59.76 EUR"), "2026-0102": (CAPS, "139.94 EUR")},
}
"""Mapping -> order number -> pieces by SKU, and total. Whatever else is in the sample is left out by the mapping."""

each_export = pytest.mark.parametrize("name", ORDERS)


def mapping_of(name: str) -> str:
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def sample_of(name: str) -> str:
    """Its text: damages are of characters."""
    [path] = (FOLDER / "samples").glob(f"{name}.*")
    return path.read_bytes().decode(parse_mapping(mapping_of(name)).encoding)


def read(name: str, text: str) -> Outcome:
    encoding = parse_mapping(mapping_of(name)).encoding
    return outcome_of(text.encode(encoding), mapping_of(name))


def told(order: OrderContent) -> tuple[dict[str, str], str]:
    return {line.sku: str(line.quantity) for line in order.lines}, f"{order.total.amount} {order.currency}"


@each_export
def test_an_export_is_read_by_its_mapping_alone(name: str) -> None:
    text = sample_of(name)
    outcome = read(name, text)
    assert (outcome.refused, outcome.invalid) == ("", ())
    assert {order.external_id: told(order) for order in outcome.accepted} == ORDERS[name]
    assert all(order.total in order.possible_totals() for order in outcome.accepted)
    assert outcome.tally.lines == text.count("\n")


@each_export
def test_a_damaged_export_gives_no_order_that_was_not_meant(name: str) -> None:
    text = sample_of(name)
    meant = {order.external_id: order.flat() for order in read(name, text).accepted}
    count = 0
    for damaged in damages(text, parse_mapping(mapping_of(name))):
        runs = (order for order in read(name, damaged).accepted if order.total in order.possible_totals())
        wrong = [order.external_id for order in runs if meant.get(order.external_id) != order.flat()]
        assert not wrong, damaged
        count += 1
    assert count > 20


@each_export
def test_an_export_that_was_cut_off_gives_no_part_of_an_order(name: str) -> None:
    """Where orders have a total, a number of rows or a trailer: elsewhere the end of a line may be that of the file."""
    text = sample_of(name)
    meant = {order.external_id: order.flat() for order in read(name, text).accepted}
    mapping = parse_mapping(mapping_of(name))
    is_proven = bool(mapping.order.total.origin or mapping.row_count or mapping.trailer)
    rows = [place + 1 for place, character in enumerate(text[:-1]) if character == "\n"]
    for end in sorted({*rows, *range(rows[0], len(text), len(text) // 40), *range(rows[-1], len(text), 9)}):
        if is_proven or text[end - 1] != "\n":
            runs = (order for order in read(name, text[:end]).accepted if order.total in order.possible_totals())
            wrong = [order.external_id for order in runs if meant.get(order.external_id) != order.flat()]
            assert not wrong, text[:end]


def damages(text: str, mapping: CsvMapping) -> Iterator[str]:
    """A delimiter too many, one too few, a line end too few; places in quoted cells aside, where these are text."""
    below = len("".join(text.splitlines(keepends=True)[: mapping.skip_rows + 1]))
    begin = 0 if mapping.kinds is not None else below
    places = [place for place in range(begin, len(text)) if not is_quoted(text, place, mapping.quote)]
    delimiters = [place for place in places if text[place] == mapping.delimiter]
    step = 1 + len(delimiters) // 25
    for place in delimiters[::step]:
        yield text[:place] + mapping.delimiter + text[place:]
    for place in delimiters[step // 2 :: step]:
        yield text[:place] + text[place + 1 :]
    for place in places:
        if text[place] == "\n" and place < len(text) - 1:
            yield text[: place - 1].removesuffix("\r") + text[place + 1 :]


def is_quoted(text: str, place: int, quote: str) -> bool:
    return bool(quote) and text.count(quote, 0, place) % 2 == 1


def test_each_mapping_is_on_the_page() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in FOLDER.glob("*.toml")} == ORDERS.keys()
    for name in ORDERS:
        [sample] = (FOLDER / "samples").glob(f"{name}.*")
        assert f"[{name}.toml]({name}.toml)" in page
        assert f"[{sample.name}](samples/{sample.name})" in page


@each_export
def test_the_columns_of_a_mapping_stand_in_the_header_of_the_export(name: str) -> None:
    mapping, lines = parse_mapping(mapping_of(name)), sample_of(name).removeprefix("\ufeff").splitlines()
    if mapping.kinds is not None:
        return
    [header] = csv.reader(lines[mapping.skip_rows : mapping.skip_rows + 1], delimiter=mapping.delimiter)
    assert {*mapping.columns} <= {*header}
