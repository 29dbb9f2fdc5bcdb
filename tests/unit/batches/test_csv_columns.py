"""Which columns a CSV file may lack: those of optional fields by the built-in mapping, and what a mapping marks."""

from __future__ import annotations

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.domain.order import PaymentInstruction
from chalicelib.orders.payload import parse_order
from tests.unit.batches.test_parsing import GERMAN, HEADER, MULLER, csv_bytes, csv_of

ACCOUNT_ROW = "S-1,2026-11-23T10:15:00Z,C-1,EUR,15.00,on_account,Ana,Weg 1,Wien,1010,AT,1,W-1,1,12.50,0.20"


def test_a_file_of_orders_on_account_needs_no_column_for_tokens() -> None:
    header = ",".join(parse_mapping(CANONICAL).required)
    (record,) = csv_of(f"{header}\n{ACCOUNT_ROW}\n".encode(), CANONICAL)
    assert parse_order(record.text).payment == PaymentInstruction("on_account")


@pytest.mark.parametrize("column", parse_mapping(CANONICAL).required)
def test_a_required_field_needs_its_column(column: str) -> None:
    header = ",".join(name for name in parse_mapping(CANONICAL).required if name != column)
    with pytest.raises(BrokenFile, match=rf"names: {column} \(.*\); add them to the file, or correct the mapping"):
        csv_of(f"{header}\n".encode(), CANONICAL)


OPTIONAL_CELLS = GERMAN.replace(
    'currency = { constant = "EUR" }', 'currency = { column = "WAEHRUNG", optional = true, default = "EUR" }'
).replace('name = "NAME"', 'name = { columns = ["NAME", "NAME2"], join = " ", optional = true, default = "?" }')


@pytest.mark.parametrize(
    ("header", "currency", "name"),
    [
        (HEADER, "EUR", 'Müller; Söhne "KG"'),
        (HEADER.replace("BEMERKUNG", "WAEHRUNG"), "CHF", 'Müller; Söhne "KG"'),
        (HEADER.replace("BEMERKUNG", "NAME2"), "EUR", 'Müller; Söhne "KG" CHF'),
        (HEADER.replace(";NAME", ";BEMERKUNG").replace("MWST;BEMERKUNG", "MWST;WAEHRUNG"), "CHF", "?"),
    ],
)
def test_a_published_mapping_may_mark_columns_that_a_file_can_lack(header: str, currency: str, name: str) -> None:
    """A column that is not there is empty in every row: of several joined the others count, or the default."""
    data = f"{header}\n{MULLER}CHF\n".encode("cp1252")
    (record,) = csv_of(data, OPTIONAL_CELLS)
    order = parse_order(record.text)
    assert (order.currency, order.ship_to.name) == (currency, name)


def test_a_column_that_a_required_field_reads_as_well_is_required() -> None:
    mapping = GERMAN.replace('method = { constant = "on_account" }', 'method = { constant = "card" }, token = "TOKEN"')
    shared = mapping.replace('token = "TOKEN"', 'token = { column = "BELNR", optional = true }')
    with pytest.raises(BrokenFile, match=r"BELNR \(external_id\)"):
        csv_of(csv_bytes().replace(b"BELNR", b"BEMERKUNG2"), shared)
    with pytest.raises(BrokenFile, match=r"TOKEN \(payment.token\).*`optional = true` marks"):
        csv_of(csv_bytes(), mapping)
