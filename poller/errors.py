"""What can go wrong between an ERP database and `accept()`, as branches of the application's error tree.

PermanentError
├── Misconfigured
│   └── InvalidSourceFile   a source file that cannot be used: every problem with its key path and its fix
└── SchemaChanged           the ERP's tables no longer fit the source file: the source stops, no watermark moves
TransientError
├── LeaseLost               another poller has taken over the source: stop, what was accepted stays accepted
├── IntakeUnavailable       an order could not be accepted now: the page is read again
└── DependencyUnavailable   the ERP database refused, timed out or went away
BadRow                      one order that cannot be mapped: quarantined, the others go on
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import Misconfigured, PermanentError, TransientError
from chalicelib.mapping.faults import BadRow as BadRow
from chalicelib.mapping.faults import Fault as Fault


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """One mistake in a source file: where (`cursor.column`), what, and what to write instead."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'file'}: {self.message}"


class InvalidSourceFile(Misconfigured):
    """All mistakes of a source file at once."""

    def __init__(self, name: str, problems: tuple[SourceProblem, ...]) -> None:
        self.name = name
        self.problems = problems
        super().__init__(f"source file {name}: " + "; ".join(str(problem) for problem in problems))


class SchemaChanged(PermanentError):
    """A table or column is gone or has another type than before; says which and what to do."""

    def __init__(self, source: str, detail: str) -> None:
        self.source = source
        super().__init__(f"source {source} stopped, its database has changed: {detail}")


class LeaseLost(TransientError):
    """Another poller holds the source now; nothing was saved under the old lease."""

    def __init__(self, source: str) -> None:
        self.source = source
        super().__init__(f"another poller has taken over source {source}")


class IntakeUnavailable(TransientError):
    """An order of the page could not be accepted now; the page is not acknowledged and will be read again."""

    def __init__(self, source: str, cause: TransientError) -> None:
        self.source = source
        super().__init__(f"source {source}: orders cannot be accepted now: {type(cause).__name__}: {cause}")


class UnreadableValue(Exception):
    """The driver cannot turn a value of the result into Python: text in another encoding, a date of the year 0.

    Never leaves the reader, which finds the row and the column.
    """
