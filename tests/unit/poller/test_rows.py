"""Rows that cannot become orders are set apart with a reason that names the column; good ones beside them go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.mapping.transforms import TRANSFORMS, BadTransform, compile_transform
from chalicelib.mapping.values import BadValue
from poller.errors import InvalidSourceFile
from poller.source.file import parse_source
from poller.source.statements import BadStatement, compile_statement
from tests.support.poller.erp import MAPPING, SqliteErp, bench, source_text

BAD_ROWS: dict[str, tuple[dict[str, object], str]] = {
    "no customer": ({"customer": None}, "customer"),
    "a blank customer": ({"customer": "    "}, "customer"),
    "a customer of 129 characters": ({"customer": "C" * 129}, "customer"),
    "a control character": ({"customer": "C\x07"}, "customer"),
    "bytes instead of text": ({"customer": b"\xc3\x28"}, "customer"),
    "an unknown currency": ({"currency": "EURO"}, "currency"),
    "no currency": ({"currency": None}, "currency"),
    "a code that is not in the table": ({"pay": "X"}, "pay"),
    "no payment": ({"pay": None}, "pay"),
    "a time that is none": ({"ordered_at": "yesterday"}, "ordered_at"),
    "a time in a skipped hour": ({"ordered_at": "2026-03-29 02:30:00"}, "ordered_at"),
    "a time of the year 1026": ({"ordered_at": "1026-01-01 00:00:00"}, "ordered_at"),
    "no time": ({"ordered_at": None}, "ordered_at"),
    "no name": ({"ship_name": ""}, "ship_name"),
    "a name of 201 characters": ({"ship_name": "N" * 201}, "ship_name"),
    "no city": ({"city": None}, "city"),
    "half a piece": ({"qty": 2.5}, "qty"),
    "no pieces": ({"qty": 0}, "qty"),
    "too many pieces": ({"qty": 1_000_001}, "qty"),
    "a quantity in words": ({"qty": "two"}, "qty"),
    "a negative price": ({"price": -1}, "price"),
    "a price with seven decimals": ({"price": "1.1234567"}, "price"),
    "a price that is not finite": ({"price": "NaN"}, "price"),
    "no price": ({"price": None}, "price"),
    "no article": ({"item": None}, "item"),
    "line number 0": ({"pos": 0}, "pos"),
}


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SqliteErp]:
    made = SqliteErp(tmp_path / "erp.db")
    yield made
    made.db.close()


def source(erp: SqliteErp, mapping: str = MAPPING) -> str:
    cursor = 'mode = "id"\noverlap_s = 0\nhold_s = 0'
    text = source_text(f'sqlite = "{erp.path}"', cursor, mapping=mapping, more='timezone = "Europe/Berlin"')
    return f"{text}[paging]\naccept_workers = 1\n"


def test_bad_rows_of_many_kinds_are_quarantined_and_the_good_ones_pass(erp: SqliteErp) -> None:
    for number, (columns, _) in enumerate(BAD_ROWS.values()):
        erp.add(2 * number)
        erp.add(2 * number + 1, **columns)
    poller = bench(source(erp))
    counts = poller.poll().counts
    assert (counts.accepted, counts.quarantined) == (len(BAD_ROWS), len(BAD_ROWS))
    entries = {entry.key: entry for entry in poller.findings.quarantined("erp", 100)}
    for number, (kind, (_, column)) in enumerate(BAD_ROWS.items()):
        reason = entries[f"[{2 * number + 1}]"].reasons[0]
        assert f"(column {column})" in reason, f"{kind}: {reason}"
    poller.close()


def test_fields_are_calculated_from_columns_as_in_files(erp: SqliteErp) -> None:
    """The price is that of all pieces."""
    erp.add(1)
    mapping = MAPPING.replace('unit_price = "price"', 'unit_price = { quotient = ["price", "qty"] }')
    poller = bench(source(erp, mapping))
    assert poller.poll().counts.accepted == 1
    assert [str(line.unit_price) for line in poller.order(1).content.lines] == ["6.25"]
    erp.add(2)
    erp.sql("UPDATE order_line SET qty = 3 WHERE order_no = 2")
    poller.poll()
    [entry] = poller.findings.quarantined("erp", 9)
    assert "lines[0].unit_price (column price, qty): has more than 6 decimals" in entry.reasons[0]
    poller.close()


def test_an_order_without_lines_waits_and_passes_when_they_come(erp: SqliteErp) -> None:
    erp.add(1)
    erp.sql("DELETE FROM order_line")
    poller = bench(source(erp))
    poller.poll()
    assert poller.findings.quarantined("erp", 1)[0].reasons == ("lines: the order has no lines (yet)",)
    erp.sql("INSERT INTO order_line VALUES (1, 1, 'WIDGET-1', 2, 12.5)")
    assert poller.poll().counts.accepted == 1
    assert poller.findings.quarantined("erp", 1) == []
    poller.close()


def test_an_announced_number_of_lines_is_waited_for(erp: SqliteErp) -> None:
    erp.add(1, version=2)  # announces two lines, has one
    mapping = MAPPING.replace('order_by = ["pos"]', 'order_by = ["pos"]\ncount = "version"')
    poller = bench(source(erp, mapping))
    assert poller.poll().counts.quarantined == 1
    erp.sql("INSERT INTO order_line VALUES (1, 2, 'WIDGET-1', 2, 12.5)")
    assert poller.poll().counts.accepted == 1
    poller.close()


def test_a_mended_row_passes_even_if_its_cursor_does_not_move(erp: SqliteErp) -> None:
    erp.add(1, customer=None)
    erp.add(2)
    poller = bench(source(erp))
    poller.poll()
    poller.poll()
    assert poller.poll().counts.quarantined == 0, "unchanged: not tried again"
    erp.sql("UPDATE order_header SET customer = 'C-9' WHERE order_no = 1")
    assert poller.poll().counts.accepted == 1
    assert poller.findings.quarantined("erp", 1) == []
    poller.close()


def test_a_mended_source_file_gives_all_quarantined_rows_another_chance(erp: SqliteErp) -> None:
    erp.add(1, pay="X")
    poller = bench(source(erp))
    poller.poll()
    poller.use(source(erp).replace('"A" = "on_account"', '"A" = "on_account"\n"X" = "on_account"'))
    assert poller.poll().counts.accepted == 1
    poller.close()


def test_text_that_the_driver_cannot_decode_sets_apart_that_row_alone(erp: SqliteErp) -> None:
    for number in range(1, 8):
        erp.add(number)
    erp.sql("UPDATE order_header SET city = CAST(x'4cfc6e6562757267' AS TEXT) WHERE order_no = 4")  # Latin-1
    erp.sql("UPDATE order_line SET item = CAST(x'ff' AS TEXT) WHERE order_no = 6")
    poller = bench(source(erp))
    counts = poller.poll().counts
    assert (counts.accepted, counts.quarantined) == (5, 2)
    reasons = {entry.key: entry.reasons[0] for entry in poller.findings.quarantined("erp", 9)}
    assert reasons["[4]"] == "order (column city): holds a value that the database driver cannot read"
    assert reasons["[6]"].startswith("lines")
    poller.close()


def test_the_same_row_makes_the_same_payload_in_any_process(erp: SqliteErp) -> None:
    erp.add(1)
    poller = bench(source(erp))
    poller.poll()
    first = poller.order(1).payload_hash
    again = bench(source(erp))
    again.poll()
    assert again.order(1).payload_hash == first
    poller.close()
    again.close()


@pytest.mark.parametrize(
    ("transform", "value", "expected"),
    [
        ("decimal_comma", "1.234,56", "1234.56"),
        ("decimal_comma", "12,50-", "-12.50"),
        ("decimal_point", "1,234.5", "1234.5"),
        ("implied_decimals:2", 12345, "123.45"),
        ("percent", "19", "0.19"),
        ("percent", "19 %", "0.19"),
        ("accounting", "(3,71)", "-3,71"),
        ("unit:EUR|€", "3,71 €", "3,71"),
        ("excel_date:1900", 46349.427083, "2026-11-23 10:15:00"),
        ("one_line", "Weg 1\r\nHinterhaus", "Weg 1 Hinterhaus"),
        ("scale:0.001", 1500, "1.500"),
        ("trailing_minus", "7-", "-7"),
        ("zero_pad:6", 42, "000042"),
        ("strip_zeros", "000042", "42"),
        ("cyymmdd", 1261123, "2026-11-23 00:00:00"),
        ("cyymmdd", 991231, "1999-12-31 00:00:00"),
        ("cyymmdd_hhmmss", "1261123 91500", "2026-11-23 09:15:00"),
        ("yyyymmdd", 20261123, "2026-11-23 00:00:00"),
        ("yyyymmdd_hhmmss", "20261123 5", "2026-11-23 00:00:05"),
        ("julian", "2026327", "2026-11-23 00:00:00"),
        ("julian", 126327, "2026-11-23 00:00:00"),
        ("date:%d.%m.%Y", "23.11.2026", "2026-11-23 00:00:00"),
        ("epoch_s", 1795430400, "2026-11-23 10:40:00+00:00"),
        ("epoch_ms", "1795430400123", "2026-11-23 10:40:00.123000+00:00"),
        ("ebcdic:cp037", b"\xc1\xc2\xc3", "ABC"),
        ("utf16", "Łódź".encode("utf-16-le"), "Łódź"),
        ("mojibake", "MÃ¼ller", "Müller"),
        ("mojibake", "Müller", "Müller"),
        ("collapse_blanks", " a \t b ", "a b"),
        ("drop_controls", "a\x00b", "ab"),
        ("left:2", "abc", "ab"),
        ("right:2", "abc", "bc"),
        ("remove:-/", "1-2/3", "123"),
        ("prefix:C-", 7, "C-7"),
        ("suffix:-DE", 7, "7-DE"),
        ("upper", "abc", "ABC"),
        ("lower", "ABC", "abc"),
        ("strip", " a ", "a"),
    ],
)
def test_transforms(transform: str, value: object, expected: str) -> None:
    assert str(compile_transform(transform)(value)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["stripp", "zero_pad", "zero_pad:x", "strip:1", "ebcdic:cp9999", "date:%Q", "scale:-", "unit:1", "excel_date"],
)
def test_unknown_transforms_and_wrong_arguments_are_found_when_the_file_is_read(text: str) -> None:
    with pytest.raises(BadTransform):
        compile_transform(text)


def test_every_transform_is_documented_and_tested() -> None:
    assert all(TRANSFORMS.values())
    parameters = test_transforms.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {text.partition(":")[0] for text, _, _ in parameters} == set(TRANSFORMS)


@pytest.mark.parametrize(
    ("transform", "value"),
    [
        ("decimal_comma", "1,234.56"),
        ("decimal_point", "12,34.5"),
        ("implied_decimals:2", "12.5"),
        ("cyymmdd", "12611x3"),
        ("yyyymmdd", "20261340"),
        ("julian", "2026366"),
        ("epoch_s", -1),
        ("utf16", b"\x00\xd8"),
    ],
)
def test_transforms_refuse_what_they_cannot_read(transform: str, value: object) -> None:
    with pytest.raises(BadValue):
        compile_transform(transform)(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "right", "path"),
    [
        ('mode = "id"', 'mode = "ids"', "cursor.mode"),
        ('mode = "id"', 'mode = "timestamp+id"', "cursor"),
        ("overlap_s", "overlap", "cursor.overlap"),
        ('currency = "currency"', "", "order.currency"),
        ('codes = "pay"', 'codes = "paid"', "order.payment.method.codes"),
        ('sku = "item"', 'sku = { column = "item", transforms = ["stripp"] }', "line.sku"),
        ('sku = "item"', 'sku = { computed = "position" }', "line.sku.computed"),
        ('sku = "item"', 'sku = { column = "item", constant = "x" }', "line.sku"),
        ('sku = "item"', 'sku = { column = "item", optional = true, default = "x" }', "line.sku.optional"),
        ('"price"', '{ sum = ["price", { column = "x", optional = true }] }', "line.unit_price.optional"),
        ('"price"', '{ sum = ["price", { column = "x", codes = "nn" }] }', "line.unit_price.codes"),
        ('timezone = "Europe/Berlin"', 'timezone = "Berlin"', "timezone"),
        ('table = "order_line"\nkey = ["order_no"]', 'table = "order_line"\nkey = ["a", "b"]', "file"),
        ('table = "order_line"', 'query = "SELECT * FROM order_line ORDER BY pos"', "lines.query"),
        ('sqlite = "', 'odbc = "Driver=x;PWD=geheim"\n#"', "connection"),
        ("accept_workers = 1", "accept_workers = 0", "paging.accept_workers"),
    ],
)
def test_every_mistake_in_a_source_file_is_named_with_its_place(wrong: str, right: str, path: str) -> None:
    text = source(SqliteErp(Path(":memory:")))
    assert wrong in text
    with pytest.raises(InvalidSourceFile) as caught:
        parse_source(text.replace(wrong, right))
    assert path in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_named_parameters_become_marks_and_text_stays_as_it_is() -> None:
    statement = compile_statement(
        "UPDATE o SET a = ':x', b = c::text, d = :status -- :no\n WHERE n = :key OR m = :key;"
    )
    assert statement.sql == "UPDATE o SET a = ':x', b = c::text, d = ? -- :no\n WHERE n = ? OR m = ?"
    assert statement.bind({"status": "S", "key": 1}) == ("S", 1, 1)


@pytest.mark.parametrize("sql", ["SELECT 1", "UPDATE o SET a = ?", "DELETE FROM a; DELETE FROM b", "DROP TABLE o"])
def test_statements_that_are_refused(sql: str) -> None:
    with pytest.raises(BadStatement):
        compile_statement(sql)
