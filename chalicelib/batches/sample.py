"""What a mapping makes of a file, without handing anything over: for whoever writes the mapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Format, Tally
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv.orders import CsvOrders
from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.batches.parsing.file import fingerprint, plain_text
from chalicelib.batches.parsing.recognise import ensure_of_format
from chalicelib.batches.parsing.records import FileRecord, Mark
from chalicelib.domain.order import OrderContent
from chalicelib.orders.payload import InvalidPayload, parse_order


@dataclass(frozen=True, slots=True)
class Sampled:
    """One order of the file: its record, and what is wrong with it, as sentences. None: it could be handed over."""

    record: FileRecord
    problems: tuple[str, ...] = ()


def read_sample(chunks: Sequence[bytes], mapping: CsvMapping, source: str) -> tuple[list[Sampled], Tally]:
    """Every order of a file, and what its lines are. Raises BrokenFile for one that would be refused."""
    fingerprint(chunks, mapping.encoding)
    census = Census()
    reader = CsvOrders(plain_text(chunks, mapping.encoding), mapping, source, Mark(), census)
    records = list(reader)
    if not records:
        raise BrokenFile("the file holds no orders, or the mapping leaves out all of them")
    ensure_of_format(Format.CSV, records)
    doubts = census.doubts()
    return [_sampled(doubts.judged(record)) for record in records], reader.mark.tally


def _sampled(record: FileRecord) -> Sampled:
    if record.problems:
        return Sampled(record, tuple(_sentences(record.problems)))
    try:
        order = parse_order(record.text)
    except InvalidPayload as error:
        return Sampled(record, tuple(_sentences((each.field, each.message) for each in error.problems)))
    return Sampled(record, tuple(_wrong_total(order)))


def _sentences(problems: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (": ".join(filter(None, problem)) for problem in problems)


def _wrong_total(order: OrderContent) -> Iterable[str]:
    """It would be handed over, and rejected."""
    possible = sorted({total.amount for total in order.possible_totals()})
    if order.total.amount not in possible:
        yield f"total: is {order.total.amount}, its lines make {' or '.join(possible)}"
