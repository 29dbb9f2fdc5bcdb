"""What is wrong with a payload that cannot be an order: every field at once."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from chalicelib.domain.errors import OrderbridgeError


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A wrong field: its path (`lines[2].quantity`, empty for the whole), what is wrong and how to fix it."""

    field: str
    message: str


class InvalidPayload(OrderbridgeError):
    """The payload cannot be an order. `malformed`: it is not even JSON."""

    def __init__(self, problems: tuple[FieldProblem, ...], malformed: bool = False) -> None:
        self.problems = problems
        self.malformed = malformed
        super().__init__("; ".join(f"{p.field or 'payload'}: {p.message}" for p in problems[:5]))


def invalid(error: ValidationError) -> InvalidPayload:
    """Never repeats the offending input: it may be personal, or 200 kB long."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return InvalidPayload(tuple(FieldProblem(_path(item["loc"]), item["msg"]) for item in found))


def _path(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".")[:200]
