"""Query parameters, read strictly: an unknown or wrong one is named, all of them at once, never ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.domain.names import is_name
from chalicelib.domain.state import Status
from chalicelib.ports import OrderQuery

DEFAULT_PAGE = 50
MAX_PAGE = 200
MAX_CURSOR_CHARACTERS = 2000

_PLUS_LOST = re.compile(r" (\d\d:\d\d)\Z")

Value = TypeVar("Value")


class WrongParameter(ValueError):
    """Says what the parameter must be."""


class Parameters:
    """The parameters of one call. `take` each that is known, then `done()` raises for all that was wrong."""

    def __init__(self, query: Mapping[str, Sequence[str]]) -> None:
        self._left = {name: list(values) for name, values in query.items()}
        self._known: list[str] = []
        self.errors: list[FieldError] = []

    def take(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        """The parsed value; None if the parameter is absent or wrong."""
        self._known.append(name)
        values = self._left.pop(name, [])
        if len(values) > 1:
            self.wrong(name, "may be given once")
        elif values:
            try:
                return parse(values[0])
            except WrongParameter as error:
                self.wrong(name, str(error))
        return None

    def wrong(self, name: str, message: str) -> None:
        self.errors.append(FieldError(name, message))

    def done(self) -> None:
        """Raises Problem (422) if anything was wrong or unknown."""
        known = ", ".join(self._known) or "none"
        for name in self._left:
            self.wrong(name[:100], f"is not a parameter of this route; these are: {known}")
        if self.errors:
            raise Problem(problems.VALIDATION, "Some query parameters are wrong.", self.errors)


def order_query(query: Mapping[str, Sequence[str]]) -> OrderQuery:
    """Of `GET /orders`. Raises Problem (422)."""
    parameters = Parameters(query)
    start, end = parameters.take("from", _moment), parameters.take("to", _moment)
    if start and end and start >= end:
        parameters.wrong("to", "must be later than `from`")
    parsed = OrderQuery(
        status=parameters.take("status", _status),
        source=parameters.take("source", _source),
        start=start,
        end=end,
        limit=parameters.take("limit", page_size) or DEFAULT_PAGE,
        cursor=parameters.take("cursor", cursor) or "",
    )
    parameters.done()
    return parsed


def yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise WrongParameter("must be true or false")
    return text == "true"


def page_size(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII) or int(text) > MAX_PAGE:
        raise WrongParameter(f"must be a whole number from 1 to {MAX_PAGE}")
    return int(text)


def cursor(text: str) -> str:
    if not text or len(text) > MAX_CURSOR_CHARACTERS:
        raise WrongParameter("must be the cursor of a `next` link, unchanged")
    return text


def _status(text: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise WrongParameter(f"must be one of {', '.join(Status)}") from None


def _source(text: str) -> str:
    if not is_name(text):
        raise WrongParameter("must be the name of a source, such as sap-emea")
    return text


def _moment(text: str) -> datetime:
    """A day (its beginning in UTC) or a time with its offset. An unencoded "+" arrives as a blank; that is fixed."""
    wanted = 'must be a day such as "2026-11-23" or a time with its offset such as "2026-11-23T10:15:00Z"'
    if not 10 <= len(text) <= 40:
        raise WrongParameter(wanted)
    try:
        moment = datetime.fromisoformat(_PLUS_LOST.sub(r"+\1", text))
        if len(text) == 10:
            return moment.replace(tzinfo=UTC)
        if moment.tzinfo is None:
            raise WrongParameter(wanted)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongParameter(wanted) from None
