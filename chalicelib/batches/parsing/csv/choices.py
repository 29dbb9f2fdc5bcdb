"""Rows that the mapping takes or leaves out by the value of a column.

A value that it names neither way decides nothing: a damaged cell can drop no order and no line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from chalicelib.batches.parsing.csv_mapping import Choice
from chalicelib.mapping.faults import Fault
from chalicelib.orders import keys


class Choices:
    """The choices of one table of the mapping, `where` or `line_where`, for the columns of a file."""

    def __init__(self, table: str, choices: Mapping[str, Choice], columns: Sequence[str]) -> None:
        self._table = table
        self._choices = [
            (
                column,
                columns.index(column),
                _matcher(choice.take, choice.take_pattern),
                _matcher(choice.leave, choice.leave_pattern),
            )
            for column, choice in choices.items()
            if column in columns
        ]

    def __bool__(self) -> bool:
        return bool(self._choices)

    def leave_out(self, cells: Sequence[str]) -> bool | Fault:
        """Whether the row is left out, by any of the columns; the fault if one of them has another value."""
        found = False
        for column, position, take, leave in self._choices:
            value = keys.composed(cells[position].strip())
            leaves = leave(value)
            if leaves == take(value):
                named = "both takes and" if leaves else "neither takes nor"
                return Fault("", column, f"has a value that [{self._table}] {named} leaves out")
            found = found or leaves
        return found


def _matcher(values: Sequence[str], pattern: str | None) -> Callable[[str], bool]:
    words, matches = frozenset(values), re.compile(pattern).fullmatch if pattern is not None else None
    return lambda value: value in words or (matches is not None and bool(matches(value)))
