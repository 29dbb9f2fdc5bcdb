"""What is wrong with a payload that cannot be an order: every field at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.orders.json_text import MalformedJson, kind_of, read_json


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
    return InvalidPayload(tuple(FieldProblem(path_of(item["loc"]), item["msg"]) for item in found))


def path_of(location: tuple[int | str, ...]) -> str:
    """As errors name a place everywhere: `lines[2].quantity`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".")[:200]


def read_object(text: str) -> Mapping[str, Any]:
    """The JSON object of a text. Raises InvalidPayload."""
    try:
        value = read_json(text)
    except MalformedJson as error:
        places = error.places or ("",)
        message = "stands more than once in its object" if error.places else error.message
        raise InvalidPayload(tuple(FieldProblem(place, message) for place in places), malformed=True) from None
    if not isinstance(value, dict):
        raise InvalidPayload((FieldProblem("", f"must be a JSON object {{...}}, but is {kind_of(value)}"),))
    return value
