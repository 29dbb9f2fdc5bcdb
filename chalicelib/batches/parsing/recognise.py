"""What a file looks like that is not what it was said to be, in words for whoever sent it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Format
from chalicelib.batches.parsing.foreign import looks_like
from chalicelib.batches.parsing.records import FileRecord

LOOKED_AT = 100
"""Records of a file. If none of these can be read, the file is not what it was said to be."""


def ensure_of_format(kind: Format, records: Sequence[FileRecord]) -> None:
    """Raises BrokenFile if none of the first records is what a record of this format is, right or wrong."""
    first = records[:LOOKED_AT]
    if any(_is_of(kind, record) for record in first):
        return
    told = f"; the first, {_place(kind, first[0])}, {first[0].problems[0][1]}" if first[0].problems else ""
    raise BrokenFile(f"none of the first {len(first)} records can be read as {kind}{told}{_hint(kind, first)}")


def _is_of(kind: Format, record: FileRecord) -> bool:
    """An order with wrong fields is one, and so is a value in its place; an array is a file of another format."""
    if kind is Format.CSV:
        return bool(record.external_id)
    try:
        return not isinstance(json.loads(record.text), list)
    except (ValueError, RecursionError):
        return False


def _place(kind: Format, record: FileRecord) -> str:
    return f"element {record.line}" if kind is Format.JSON else f"line {record.line}"


def _hint(kind: Format, records: Sequence[FileRecord]) -> str:
    begin = next((record.text.strip() for record in records if record.text.strip()), "")
    if kind is not Format.JSONL or not begin:
        return ""
    if begin.startswith("{"):
        return ": it looks like JSON over several lines; JSON Lines has each order on a line of its own"
    hint = looks_like("\n".join(record.text for record in records if record.text))
    return f": {hint}" if hint else ""
