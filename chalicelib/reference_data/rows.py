"""Rows out of a JSON or CSV file, with the place of each, so that a problem can be found where it was made."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

MAX_FILE_BYTES = 64 * 1024 * 1024
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LISTS = frozenset({"currencies"})


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands in the file."""

    where: str
    values: dict[str, Any]


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; `where` is as exact as possible."""

    def __init__(self, where: str, message: str) -> None:
        self.where = where
        super().__init__(message)


def read_rows(path: Path) -> list[Row]:
    """All rows of a .json or .csv file. Raises UnreadableFile."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UnreadableFile(path.name, f"has more than {MAX_FILE_BYTES:,} bytes: it cannot be reference data")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFile(path.name, f"cannot be read ({error.strerror}): check its permissions") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UnreadableFile(f"{path.name} line {line}", "is not UTF-8 text: save the file as UTF-8") from error
    return list(_json_rows(path.name, text) if path.suffix.lower() == ".json" else _csv_rows(path.name, text))


def _json_rows(name: str, text: str) -> Iterator[Row]:
    try:
        records = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"{name} line {error.lineno}", f"is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(name, str(error)) from error
    if not isinstance(records, list):
        raise UnreadableFile(name, "must be a list of records: [{...}, {...}]")
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise UnreadableFile(f"{name} record {number}", "must be an object: {...}")
        yield Row(f"{name} record {number}{_label(record)}", record)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dictionary would keep the last of two equal names and say nothing."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'an object has the field "{key[:50]}" twice: remove one of them')
        found[key] = value
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no value: write the number in quotes")


def _csv_rows(name: str, text: str) -> Iterator[Row]:
    """Comma or semicolon, whichever the header line has more of; empty cells are absent fields."""
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not any(header) or len(set(header)) != len(header):
            raise UnreadableFile(f"{name} line 1", "must name every column once")
        line = reader.line_num + 1
        for cells in reader:
            where, line = f"{name} line {line}", reader.line_num + 1  # where the record begins, and the next one
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                message = (
                    f"has {len(cells)} columns, the header has {len(header)}: quote texts with a {delimiter} in them"
                )
                raise UnreadableFile(where, message)
            values = _nested({column: cell.strip() for column, cell in zip(header, cells, strict=True) if cell.strip()})
            yield Row(where + _label(values), values)
    except csv.Error as error:
        raise UnreadableFile(f"{name} line {reader.line_num}", f"is not CSV: {error}") from error


def _nested(cells: dict[str, str]) -> dict[str, Any]:
    """`prices.EUR` becomes a field inside `prices`; lists are separated by whitespace."""
    found: dict[str, Any] = {}
    for column, cell in cells.items():
        outer, _, inner = column.partition(".")
        if inner:
            inside = found.setdefault(outer, {})
            if isinstance(inside, dict):
                inside[inner] = cell
        elif column in _LISTS:
            found[column] = cell.split()
        else:
            found[column] = _TRUTH.get(cell.lower(), cell) if column == "active" else cell
    return found


def _label(values: dict[str, Any]) -> str:
    """The key of the record, if it has a readable one."""
    key = next((values[name] for name in ("sku", "customer_id", "key") if name in values), None)
    return f" ({key})" if isinstance(key, str) and key.isprintable() and 0 < len(key) <= 64 else ""
