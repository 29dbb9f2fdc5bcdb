"""What proves that the last order of a file is whole, though the file may have been cut off behind any of its bytes."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.mapping.field_model import FieldSource, LineFields
from chalicelib.mapping.rules import columns_of, field_sources
from chalicelib.orders.payload import InvalidPayload, parse_order

PROVEN = frozenset({"quantity", "unit_price", "tax_rate", "total", "currency", "ship_to.country"})
"""Fields of which a part would not agree with the order's total, or is no code."""


def is_whole(text: str, ended: bool, last_column: str, is_last_compared: bool, mapping: CsvMapping) -> bool:
    """Whether an order (JSON) was cut neither between rows, which a total that is sent proves, nor in the last cell,
    which a line end proves, or that it `is_last_compared` with that of other rows. A total that is calculated proves
    nothing: then control sums or a trailer are needed."""
    try:
        order = parse_order(text)
    except InvalidPayload:
        return True  # it says itself what is wrong
    if order.total not in order.possible_totals():
        return False
    if ended:
        return True
    if not _total_is_sent(mapping) or mapping.ragged == "pad":
        return False
    return last_column not in mapping.columns or is_last_compared or _is_proven(last_column, mapping)


def _total_is_sent(mapping: CsvMapping) -> bool:
    """Whether the total is something else than the lines in other words, or their only cell."""
    total = mapping.order.total
    return bool(total.origin) and not {*total.origin} & {*_columns_of_lines(mapping)}


def _is_proven(column: str, mapping: CsvMapping) -> bool:
    """Whether an order in which a part of this cell is missing would not agree with its total. What a price is
    calculated from proves nothing: with a smaller quantity the price becomes higher."""
    read = {
        path
        for fields in (mapping.order, *_line_tables(mapping))
        for path, spec in field_sources(fields).items()
        if column in spec.origin
    }
    is_choice = column in mapping.where or column in mapping.line_where
    calculated = {name for spec in _specs_of_lines(mapping) for part in spec.operands for name in part.origin}
    return read <= PROVEN and column not in calculated and not is_choice


def _line_tables(mapping: CsvMapping) -> tuple[LineFields, ...]:
    return (mapping.line, *mapping.extra_lines)


def _columns_of_lines(mapping: CsvMapping) -> Iterator[str]:
    for fields in _line_tables(mapping):
        yield from columns_of(fields)


def _specs_of_lines(mapping: CsvMapping) -> Iterator[FieldSource]:
    for fields in _line_tables(mapping):
        yield from field_sources(fields).values()
