"""Reading a file goes on behind any of its records as if it had never stopped: large files take many calls."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.census import Census, StoredCensus
from chalicelib.batches.parsing.csv.orders import CsvOrders
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.batches.parsing.file import plain_text
from chalicelib.batches.parsing.records import FileRecord, Mark
from tests.support.files.damage import END, SEPARATOR, below_header, rows_of, text_of
from tests.support.files.damaged import proven_by_rows, proven_by_trailer
from tests.unit.batches.test_exports import FOLDER, ORDERS

Read = tuple[list[FileRecord], Mark, StoredCensus, str]


def read(data: bytes, mapping_text: str, begin: Mark, census: StoredCensus, stops: list[tuple[int, bytes]]) -> Read:
    """The records from a mark on, and why the file was refused; `stops` gets what a call would leave to the next."""
    mapping, counted, records = parse_mapping(mapping_text), Census.restored(census), []
    reader = CsvOrders(plain_text([data], mapping.encoding), mapping, "shop", begin, counted)
    problem = ""
    try:
        for record in reader:
            records.append(record)
            stops.append((len(records), msgspec.msgpack.encode((reader.mark, counted.stored()))))
    except BrokenFile as error:
        problem = str(error)
    return records, reader.mark, counted.stored(), problem


def ensure_goes_on(data: bytes, mapping: str) -> None:
    stops: list[tuple[int, bytes]] = []
    records, mark, census, problem = read(data, mapping, Mark(), StoredCensus(), stops)
    for count, stored in stops:
        begin, counted = msgspec.msgpack.decode(stored, type=tuple[Mark, StoredCensus])
        rest = read(data, mapping, begin, counted, [])
        assert rest == (records[count:], mark, census, problem), count


@given(st.integers(0, 2**64), st.booleans())
def test_a_damaged_file_goes_on_behind_any_record(seed: int, with_trailer: bool) -> None:
    random, style, damages = (proven_by_trailer if with_trailer else proven_by_rows)(Random(seed))
    text = text_of(rows_of(random, random.randint(1, 6), style))
    lines = text.split(END)
    for _ in range(random.randint(0, 3)):
        place = random.randint(1, len(lines))
        lines.insert(place, random.choice(("", "Summe;;3", "#", SEPARATOR * 15)))
    text = END.join(lines)
    for done in damages:
        text = done(random, text) if text.count(SEPARATOR, below_header(text)) else text
    ensure_goes_on(text.encode("utf-8", "surrogateescape"), f'comment = "#"\n{style.mapping}')


def test_an_export_goes_on_behind_any_record() -> None:
    for name in ORDERS:
        [sample] = (FOLDER / "samples").glob(f"{name}.*")
        ensure_goes_on(sample.read_bytes(), (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
