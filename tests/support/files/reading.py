"""What becomes of a damaged file: the orders that would be handed over, and the lines that the report would name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Tally
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv.orders import CsvOrders
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.batches.parsing.file import plain_text
from chalicelib.batches.parsing.records import FileRecord, Mark
from chalicelib.domain.order import OrderContent
from chalicelib.orders.payload import InvalidPayload, parse_order


@dataclass(frozen=True)
class Outcome:
    """`refused` says why if the file is; then there is nothing else."""

    accepted: tuple[OrderContent, ...] = ()
    invalid: tuple[FileRecord, ...] = ()
    tally: Tally = field(default_factory=Tally)
    refused: str = ""

    def names(self, line: int) -> bool:
        """Whether the report names this line of the file as one of an order that is not taken."""
        return bool(self.refused) or any(record.line <= line <= record.last_line for record in self.invalid)


def outcome_of(data: bytes, mapping_text: str) -> Outcome:
    """As a batch would have it, up to accept()."""
    mapping, census = parse_mapping(mapping_text), Census()
    accepted, invalid = [], []
    try:
        reader = CsvOrders(plain_text([data], mapping.encoding), mapping, "shop", Mark(), census)
        records = list(reader)
    except BrokenFile as problem:
        return Outcome(refused=str(problem))
    doubts = census.doubts()
    for record in map(doubts.judged, records):
        try:
            if record.problems:
                raise InvalidPayload(())
            accepted.append(parse_order(record.text))
        except InvalidPayload:
            invalid.append(record)
    return Outcome(tuple(accepted), tuple(invalid), reader.mark.tally)


def meaning(content: OrderContent, with_line: bool) -> dict[str, str]:
    """What an order says, whatever the order of its lines; in files without line numbers these follow the rows."""
    lines = sorted(content.lines, key=lambda line: line.sku)
    anew = replace(content, lines=tuple(replace(line, line=place) for place, line in enumerate(lines, 1)))
    return (content if with_line else anew).flat()
