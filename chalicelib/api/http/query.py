"""Query parameters, read strictly: an unknown or wrong one is named, all of them at once, never ignored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.batches.model import BatchState
from chalicelib.batches.reporting.listing import BatchQuery
from chalicelib.domain.names import is_name
from chalicelib.domain.state import Status
from chalicelib.domain.timestamps import parse_rfc3339
from chalicelib.orders.keys import composed
from chalicelib.ports import OrderQuery

DEFAULT_PAGE = 50
MAX_PAGE = 200
MAX_CURSOR_CHARACTERS = 2000

MAX_KEY_CHARACTERS = 128
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
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

    def period(self) -> tuple[datetime | None, datetime | None]:
        """`from` and `to`: [start, end)."""
        start, end = self.take("from", moment), self.take("to", moment)
        if start and end and start >= end:
            self.wrong("to", "must be later than `from`")
        return start, end

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
    start, end = parameters.period()
    parsed = OrderQuery(
        status=parameters.take("status", _status),
        source=parameters.take("source", source_name),
        external_id=parameters.take("external_id", _key),
        customer_id=parameters.take("customer_id", _key),
        correlation_id=parameters.take("correlation_id", _correlation_id),
        start=start,
        end=end,
        limit=parameters.take("limit", page_size) or DEFAULT_PAGE,
        cursor=parameters.take("cursor", cursor) or "",
    )
    parameters.done()
    return parsed


def batch_query(query: Mapping[str, Sequence[str]]) -> BatchQuery:
    """Of `GET /batches`. Raises Problem (422)."""
    parameters = Parameters(query)
    start, end = parameters.period()
    parsed = BatchQuery(
        source=parameters.take("source", source_name),
        state=parameters.take("state", _state),
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


def _state(text: str) -> BatchState:
    try:
        return BatchState(text)
    except ValueError:
        raise WrongParameter(f"must be one of {', '.join(BatchState)}") from None


def source_name(text: str) -> str:
    if not is_name(text):
        raise WrongParameter("must be the name of a source, such as sap-emea")
    return text


def _key(text: str) -> str:
    """In the one form in which keys are stored."""
    text = composed(text)
    if not 1 <= len(text) <= MAX_KEY_CHARACTERS or not text.isprintable() or text != text.strip():
        raise WrongParameter(f"must be as in the order: 1 to {MAX_KEY_CHARACTERS} characters")
    return text


def _correlation_id(text: str) -> str:
    if not _CORRELATION_ID.match(text):
        raise WrongParameter("must be the correlation id that brought the order: letters, digits, dots, dashes")
    return text


def moment(text: str) -> datetime:
    """A day (its beginning in UTC) or a time with its offset. An unencoded "+" arrives as a blank; that is fixed."""
    wanted = 'must be a day such as "2026-11-23" or a time with its offset such as "2026-11-23T10:15:00Z"'
    try:
        return parse_rfc3339(f"{text}T00:00:00Z" if _DAY.match(text) else _PLUS_LOST.sub(r"+\1", text))
    except (ValueError, OverflowError):
        raise WrongParameter(wanted) from None
