"""The header row of a CSV file against its mapping: which cell is which column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import ALL_OTHERS, CsvMapping
from chalicelib.batches.parsing.foreign import looks_like_json
from chalicelib.orders.keys import REPLACED

MAX_COLUMNS = 2_000
MAX_NAMED = 8
"""Columns named in one message."""


def columns_by_position(cells: Sequence[str], mapping: CsvMapping) -> tuple[str, ...]:
    """The names of the columns as the mapping writes them, in the order of the file. Raises BrokenFile."""
    if len(cells) > MAX_COLUMNS:
        raise BrokenFile(f"the header row has more than {MAX_COLUMNS:,} columns")
    names = [name.strip() for name in cells]
    if not any(names):
        raise BrokenFile("the file has no header row with the names of the columns")
    if REPLACED in "".join(names):
        raise BrokenFile("the header row is not of the file's encoding: correct `encoding` in the mapping")
    if mapping.match == "ignore-case":
        written = {name.casefold(): name for name in (*mapping.columns, *mapping.ignore)}
        names = [written.get(name.casefold(), name) for name in names]
    _ensure_known(names, mapping)
    return tuple(names)


def ensure_names(cells: Sequence[str], names: Sequence[str], line: int) -> None:
    """That a header row, behind its first cell, is the one the mapping describes. Raises BrokenFile."""
    found = [name.strip() for name in cells[1:]]
    wanted = [name or found[place] if place < len(found) else name for place, name in enumerate(names)]
    if found[: len(wanted)] != wanted or any(found[len(wanted) :]):
        raise BrokenFile(f"the header row in line {line} names {listed(found)}; the mapping says {listed(names)}")


def _ensure_known(names: Sequence[str], mapping: CsvMapping) -> None:
    mapped, ignored = set(mapping.columns), set(mapping.ignore)
    repeated = sorted(name for name, times in Counter(names).items() if times > 1 and name in mapped)
    if repeated:
        raise BrokenFile(f"the header row names a column twice: {listed(repeated)}")
    missing = {column: fields for column, fields in mapping.required.items() if column not in names}
    if missing:
        raise BrokenFile(f"the header row lacks columns that the mapping names: {_lacking(missing, names, mapping)}")
    unknown = [name for name in names if name and name not in mapped and name not in ignored]
    if unknown and ALL_OTHERS not in ignored:
        raise BrokenFile(
            f"the mapping does not know these columns: {listed(unknown)}; map them or name them in `ignore`"
        )


def _lacking(missing: Mapping[str, Sequence[str]], names: Sequence[str], mapping: CsvMapping) -> str:
    """Each column with the fields that are read from it, and what can be done."""
    if hint := looks_like_json(names[0]):
        return f"{listed(list(missing))}; {hint}"
    named = listed([f"{column} ({', '.join(fields)})" for column, fields in missing.items()])
    if len(names) == 1:
        return f"{named}; it has one column only: is {mapping.delimiter!r} the delimiter?"
    if any(name.casefold() == column.casefold() for name in names for column in missing):
        return f'{named}; a column has that name in another case: write it so, or set `match = "ignore-case"`'
    marked = "`optional = true` marks the column of a field that orders may be without"
    return f"{named}; add them to the file, or correct the mapping, in which {marked}"


def listed(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    shown = ", ".join(name[:60] or "(no name)" for name in names[:MAX_NAMED])
    return shown + (f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else "")
