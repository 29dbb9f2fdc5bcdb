"""A guess of `discover` as a source file: complete in form, with TODO for what a person has to fill in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from chalicelib.mapping.field_model import LineFields, OrderFields
from poller.database.catalogue import ColumnInfo
from poller.onboarding.discover import TODO, Guess

_TEXT_TYPES = ("char", "text", "clob")


def draft(guess: Guess, name: str, dialect: str, connection: str) -> str:
    """The TOML text. `connection` is a line such as `odbc = "..."`; passwords do not belong into it."""
    return "\n".join([*_head(guess, name, dialect, connection), *_mapping(guess), ""])


def _head(guess: Guess, name: str, dialect: str, connection: str) -> Iterator[str]:
    assert guess.lines is not None
    (key,) = guess.header.primary_key
    yield f"# Drafted by `python -m poller discover`. Fix every {TODO}, then: python -m poller check {name}"
    yield f"name = {_text(name)}"
    yield f"dialect = {_text(dialect)}"
    yield 'timezone = "UTC"  # of naive times in this database'
    yield ""
    yield "[connection]"
    yield connection
    yield ""
    yield "[orders]"
    yield f"table = {_text(guess.header.name)}"
    yield '# where = "..."  # which rows are orders to be taken: a state, a type'
    yield f"# Columns: {_columns(guess.header.columns)}"
    yield f"key = [{_text(key)}]"
    yield ""
    yield "[lines]"
    yield f"table = {_text(guess.lines.name)}"
    yield f"key = [{_text(guess.line_key)}]"
    yield f"# Columns: {_columns(guess.lines.columns)}"
    yield f"order_by = [{_text(guess.line_fields.get('line') or _lines_key(guess))}]"
    yield ""
    yield from _cursor(guess)


def _cursor(guess: Guess) -> Iterator[str]:
    yield "[cursor]"
    if guess.changed is None:
        yield 'mode = "snapshot"  # no column that tells of changes was found; see docs/poller.md for the other modes'
        return
    kind, pattern = _stamp(guess.changed.type)
    yield 'mode = "timestamp+id"'
    yield f"column = {_text(guess.changed.name)}"
    yield f"type = {_text(kind)}"
    if pattern:
        yield f"format = {_text(pattern)}  # a guess: look at the rows"
    yield "overlap_s = 300  # the longest transaction of the ERP, and how far its clock may be behind"
    if not guess.header.starts_an_index(guess.changed.name):
        yield f"# There is no index that begins with {guess.changed.name}: every poll will read the whole table."


def _stamp(column_type: str) -> tuple[str, str]:
    """cursor.type and cursor.format for a column of this type."""
    if any(name in column_type for name in _TEXT_TYPES):
        return "text", "%Y%m%d%H%M%S"
    if not any(name in column_type for name in ("time", "date")):
        return "number", "%Y%m%d%H%M%S"
    if "tz" in column_type or "with time zone" in column_type or "offset" in column_type:
        return "timestamptz", ""
    return ("date", "") if column_type == "date" else ("timestamp", "")


def _mapping(guess: Guess) -> Iterator[str]:
    """[order], a table for each object in it, [line]: every field that can be mapped, found or not."""
    for name, fields, found in (("order", OrderFields, guess.order_fields), ("line", LineFields, guess.line_fields)):
        tables: dict[str, list[str]] = {}
        for path, field in fields.LEAVES.items():
            parent, _, key = path.rpartition(".")
            line = _NOT_FOUND.get(path) if path not in found else None
            tables.setdefault(f"{name}.{parent}" if parent else name, []).append(
                line or _field(key, found.get(path), field.optional, "payment" if path == "payment.method" else "")
            )
        for table, lines in tables.items():
            yield from ("", f"[{table}]", *lines)
    if "payment.method" in guess.order_fields:
        yield ""
        yield "[codes.payment]  # the ERP's codes -> card or on_account"
        yield f'{TODO} = "card"'


_NOT_FOUND = {
    "payment.method": 'method = { constant = "on_account" }  # or a column and codes that make it card or on_account',
    "line": 'line = { computed = "position" }',
}


def _field(key: str, column: str | None, optional: bool, codes: str) -> str:
    if column is not None:
        origin = f'{{ column = {_text(column)}, codes = "{codes}" }}' if codes else _text(column)
        return f"{key} = {origin}"
    if optional:
        return f"# {key} =  # optional, not found"
    return f'{key} = {_text(TODO)}  # not found: a column, or {{ constant = "..." }}, or a query that joins it'


def _lines_key(guess: Guess) -> str:
    assert guess.lines is not None
    return next((c for c in guess.lines.primary_key if c != guess.line_key), guess.lines.columns[0].name)


def _columns(columns: Sequence[ColumnInfo]) -> str:
    names = [column.name for column in columns]
    return ", ".join(names[:40]) + (" ..." if len(names) > 40 else "")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
