"""Files as they come: whole and broken, in every format, cut into pieces at every place."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.openapi.examples import ORDER
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv.orders import CsvOrders
from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.batches.parsing.file import PlainText, fingerprint, plain_text
from chalicelib.batches.parsing.json_array import JsonArray
from chalicelib.batches.parsing.jsonl import JsonLines
from chalicelib.batches.parsing.lines import MAX_RECORD_CHARACTERS
from chalicelib.batches.parsing.records import FileRecord, Mark
from chalicelib.batches.parsing.unpack import MAX_CONTENT_BYTES, PIECE_BYTES, content
from chalicelib.orders.payload import InvalidPayload, parse_order
from local.sample.batch import batch_lines

GERMAN = """
encoding = "cp1252"
delimiter = ";"
timezone = "Europe/Berlin"
ignore = ["BEMERKUNG"]
[order]
external_id = "BELNR"
ordered_at = { column = "DATUM", transforms = ["date:%d.%m.%Y %H:%M"] }
customer_id = "KUNDE"
currency = { constant = "EUR" }
total = { column = "BRUTTO", transforms = ["decimal_comma"] }
payment = { method = { constant = "on_account" } }
ship_to = { name = "NAME", address = "STRASSE", city = "ORT", postal_code = "PLZ", country = { column = "LAND", codes = "land" } }
[line]
line = { computed = "position" }
sku = "ARTIKEL"
quantity = "MENGE"
unit_price = { column = "PREIS", transforms = ["decimal_comma"] }
tax_rate = { column = "MWST", transforms = ["percent"] }
[codes.land]
D = "DE"
A = "AT"
"""  # noqa: E501 -- inline tables may not be broken
KNOWN_NUMBERS = GERMAN.replace('"BELNR"', '{ column = "BELNR", pattern = "A-[0-9]+" }')
HEADER = "BELNR;DATUM;KUNDE;BRUTTO;NAME;STRASSE;ORT;PLZ;LAND;ARTIKEL;MENGE;PREIS;MWST;BEMERKUNG"
MULLER = 'A-1;23.11.2026 10:15;C-1001;1.487,50;"Müller; Söhne ""KG""";Hafenstr. 12;Köln;50667;D;WIDGET-1;100;12,50;19;'
SECOND = 'A-1;23.11.2026 10:15;C-1001;1.487,50;"Müller; Söhne ""KG""";Hafenstr. 12;Köln;50667;D;GADGET-7;1;0,00;19;eilt'
OTHER = "A-2;24.11.2026 08:00;C-1001;11,90;Ana;Weg 1;Wien;1010;A;WIDGET-1;1;10;19;"


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def text(chunks: Iterable[bytes], encoding: str) -> PlainText:
    return plain_text(chunks, encoding)


def jsonl(text: PlainText) -> JsonLines:
    return JsonLines(text, Mark())


def json_array(text: PlainText) -> JsonArray:
    return JsonArray(text, Mark())


def csv_of(data: bytes, mapping: str = GERMAN) -> list[FileRecord]:
    """The records, after what is known at the end of the file only."""
    parsed, census = parse_mapping(mapping), Census()
    records = list(CsvOrders(plain_text(pieces(data, 7), parsed.encoding), parsed, "sap-emea", Mark(), census))
    return [census.doubts().judged(record) for record in records]


def csv_bytes(*rows: str, encoding: str = "cp1252") -> bytes:
    return "\r\n".join((HEADER, *rows, "")).encode(encoding)


@given(st.integers(1, 300), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_lines_are_the_same_however_the_file_is_cut(size: int, packed: bool, end: str) -> None:
    orders = [f'{{"n": {n}, "text": "ä\u2028☃"}}' for n in range(40)]
    data = end.join(orders).encode()
    data = gzip.compress(data[:100]) + gzip.compress(data[100:]) if packed else data  # members, as `cat a.gz b.gz`
    assert [record.text for record in jsonl(text(pieces(data, size), "utf-8"))] == orders


@given(
    st.lists(
        st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
    ),
    st.integers(1, 50),
    st.booleans(),
)
def test_elements_of_an_array_are_the_same_however_the_file_is_cut(
    values: list[object], size: int, pretty: bool
) -> None:
    data = json.dumps(values, indent=2 if pretty else None, ensure_ascii=False).encode("utf-8", "surrogatepass")
    data = data.decode("utf-8", "replace").encode()
    found = [json.loads(record.text) for record in json_array(text(pieces(data, size), "utf-8")) if record.text]
    assert found == json.loads(data)


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16", b""), ("latin-1", b"")]
)
def test_encodings_and_byte_order_marks(encoding: str, mark: bytes) -> None:
    data = mark + '{"city": "Köln"}\n'.encode(encoding)
    (record,) = jsonl(text(pieces(data, 3), encoding))
    assert json.loads(record.text) == {"city": "Köln"}


def test_a_mark_decides_over_the_stated_encoding() -> None:
    (record,) = jsonl(text([b"\xff\xfe" + '{"city": "Köln"}'.encode("utf-16-le")], "utf-8"))
    assert json.loads(record.text) == {"city": "Köln"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (gzip.compress(b"x" * 5000, mtime=0)[:-9], "truncated"),
        (gzip.compress(b"x" * 5000, mtime=0)[:12], "truncated"),
        (b"\x1f\x8b" + b"rubbish" * 20, "damaged"),
        (b"PK\x03\x04" + b"x" * 100, "save it as CSV"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "a picture"),
        (b"\x00\x01\x02" * 100, "binary"),
    ],
)
def test_what_no_format_can_be_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        fingerprint(pieces(data, 100))


def test_the_same_content_has_the_same_fingerprint_packed_or_not() -> None:
    data = b'{"n": 1}\n' * 1000
    assert fingerprint(pieces(data, 100)) == fingerprint(pieces(gzip.compress(data), 37))


def test_a_gzip_bomb_ends_at_the_limit_in_small_pieces() -> None:
    bomb = gzip.compress(b"\n" * 50_000_000)
    tracemalloc.start()
    largest = max(len(piece) for piece in content(pieces(bomb, 1000)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert largest <= PIECE_BYTES < MAX_CONTENT_BYTES
    assert peak < 5_000_000


def test_lines_of_the_wrong_encoding_are_reported_and_the_others_go_on() -> None:
    written = json.dumps(ORDER).encode().replace(ORDER["ship_to"]["address"].encode(), b"Hafenstra\xdfe")
    first, second = jsonl(text([written + b'\n{"city": "Bonn"}\n'], "utf-8"))
    with pytest.raises(InvalidPayload, match=r"ship_to.address: holds U\+FFFD.*encoding"):
        parse_order(first.text)
    assert second.text == '{"city": "Bonn"}'


def test_one_line_of_5_mb_is_reported_kept_nowhere_and_the_others_go_on() -> None:
    data = b'{"n": 1}\n' + b"x" * 5_000_000 + b'\n{"n": 3}\n'
    first, second, third = jsonl(text(pieces(data, 64 * 1024), "utf-8"))
    assert (first.line, second.line, third.line) == (1, 2, 3)
    assert "longer than 1,000,000 characters" in second.problems[0][1]
    assert not second.text
    assert third.text == '{"n": 3}'


def test_blank_lines_are_no_records_but_count_as_lines() -> None:
    assert [record.line for record in jsonl(text([b"\n\n{}\n \n{}"], "utf-8"))] == [3, 5]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('[{"n": 1}, {"n": 2', "truncated after element 1"),
        ('{"n": 1}', "use JSONL"),
        ('[{"n": 1}] trailing', "something follows"),
        ("   ", "empty"),
    ],
)
def test_a_broken_array_is_refused(data: str, said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        list(json_array(text([data.encode()], "utf-8")))


def test_an_element_that_is_no_json_costs_only_itself() -> None:
    found = list(json_array(text([b'[{"n": 1}, {nonsense}, ,', b' {"n": 4}]'], "utf-8")))
    assert [record.text for record in found] == ['{"n": 1}', "{nonsense}", "", '{"n": 4}']
    assert "two commas" in found[2].problems[0][1]


def test_rows_become_orders_by_the_mapping_of_the_source() -> None:
    first, second = csv_of(csv_bytes(MULLER, SECOND, OTHER))
    order = parse_order(first.text)
    assert (first.line, second.line) == (2, 4)
    assert order.ship_to.name == 'Müller; Söhne "KG"'
    assert order.total.amount == "1487.50"
    assert [(line.line, line.sku, line.quantity) for line in order.lines] == [(1, "WIDGET-1", 100), (2, "GADGET-7", 1)]
    assert order.ordered_at.isoformat() == "2026-11-23T09:15:00+00:00"
    assert parse_order(second.text).ship_to.country == "AT"


def test_our_own_column_names_need_no_mapping() -> None:
    mapping = parse_mapping(CANONICAL)
    header = ",".join(name for name in mapping.columns if name in (*mapping.required, "payment_token"))
    row = "S-1,2026-11-23T10:15:00Z,C-1,EUR,15.00,card,pm_card_visa,Ana,Weg 1,Wien,1010,AT,1,W-1,1,12.50,0.20"
    (record,) = csv_of(f"\ufeff{header}\n{row}\n".encode(), CANONICAL)
    assert parse_order(record.text).external_id == "S-1"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (csv_bytes().replace(b";MENGE", b""), "lacks columns that the mapping names: MENGE"),
        (csv_bytes().replace(b";", b","), "is ';' the delimiter"),
        (csv_bytes().replace(b"BEMERKUNG", b"RABATT;FARBE"), "does not know these columns: RABATT, FARBE"),
        (csv_bytes().replace(b"PLZ", b"ORT"), "names a column twice: ORT"),
        (b"\r\n", "no header row"),
        (csv_bytes().replace(b"BELNR", b'"BELNR'), "a quote does not close"),
    ],
)
def test_a_header_that_makes_all_rows_doubtful_refuses_the_file(data: bytes, said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        csv_of(data)


def test_a_mapping_may_ignore_all_other_columns() -> None:
    data = csv_bytes(OTHER + "rot").replace(b"BEMERKUNG", b"FARBE")
    assert len(csv_of(data, GERMAN.replace('["BEMERKUNG"]', '["*"]'))) == 1


def test_rows_that_are_wrong_are_reported_with_their_columns_and_the_others_go_on() -> None:
    bad = OTHER.replace("11,90", "elf").replace("A-2", "A-3")
    short = "A-4;zu;kurz"
    odd = SECOND.replace("C-1001", "C-1002")
    records = csv_of(csv_bytes(bad, short, MULLER, odd, OTHER), KNOWN_NUMBERS)
    assert [record.line for record in records] == [2, 3, 4, 6]
    told = [dict(record.problems) for record in records]
    assert told[0] == {"total": "is not a number with decimal comma (column BRUTTO)"}
    assert records[0].external_id == "A-3"
    assert "has 3 cells, the header row has 14" in told[1][""]
    assert told[2] == {"": "differs between the rows of the order (column KUNDE)"}
    assert not told[3]


def test_bytes_of_another_encoding_in_a_row_are_reported() -> None:
    utf8 = GERMAN.replace("cp1252", "utf-8")
    first, second = csv_of(csv_bytes(MULLER, OTHER), utf8)
    with pytest.raises(InvalidPayload, match=r"U\+FFFD"):
        parse_order(first.text)
    assert parse_order(second.text).external_id == "A-2"


def test_bytes_of_another_encoding_in_a_column_that_nobody_reads_spoil_nothing() -> None:
    utf8 = GERMAN.replace("cp1252", "utf-8")
    [record] = csv_of(csv_bytes(OTHER + "für später"), utf8)
    assert parse_order(record.text).external_id == "A-2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[order]", "[order"), "not TOML"),
        (('sku = "ARTIKEL"', 'sko = "ARTIKEL"'), "line.sku"),
        (("decimal_comma", "decimal_coma"), "unknown transform"),
        (('codes = "land"', 'codes = "lnd"'), "no table"),
        (('sku = "ARTIKEL"', 'sku = { column = "ARTIKEL", optional = true }'), "line.sku.optional: every order needs"),
        (('{ constant = "EUR" }', '{ constant = "EUR", optional = true }'), "optional is said of a column"),
        (('{ computed = "position" }', '{ computed = "sum_of_lines" }'), "line.line.computed"),
    ],
)
def test_a_wrong_mapping_says_where(change: tuple[str, str], said: str) -> None:
    with pytest.raises(BrokenFile, match=said):
        parse_mapping(GERMAN.replace(*change))


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(orders: int) -> int:
        lines = "".join(line.text + "\n" for line in batch_lines(1, 50)).encode() * (orders // 50)
        tracemalloc.start()
        for _ in jsonl(text(pieces(lines, PIECE_BYTES), "utf-8")):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(10_000) < peak(1_000) * 1.5
    assert MAX_RECORD_CHARACTERS < 10 * PIECE_BYTES
