"""What a source file says, as typed models: connection, tables, cursor, paging, mapping, write-back, blackouts."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.domain.names import MAX_NAME_CHARACTERS, NAME_PATTERN
from chalicelib.mapping.field_model import Column, LineFields, Model, OrderFields
from poller.source.statements import BadStatement, compile_statement

DialectName = Literal["postgresql", "mariadb", "sqlserver", "oracle", "sqlite", "generic"]
Mode = Literal["timestamp+id", "id", "rowversion", "status-flag", "snapshot"]
StampType = Literal["timestamp", "timestamptz", "datetime", "date", "text", "number"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WRITE_BACK_NAMES = frozenset(
    {"external_id", "order_id", "status", "reason_code", "reason", "confirmation_number", "occurred_at"}
)
"""Named parameters of write-back statements, beside the groups of `write_back.key_pattern`."""


def _select(text: str) -> str:
    body = text.strip()
    if body.endswith(";") or not re.match(r"select\b", body, re.IGNORECASE):
        raise PydanticCustomError("query", "must be one SELECT without a closing semicolon")
    if re.search(r"\border\s+by\b[^)]*\Z", body, re.IGNORECASE):
        raise PydanticCustomError("query", "must not end with ORDER BY: the poller orders by the cursor itself")
    return body


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PydanticCustomError("zone", 'must be an IANA time zone such as "Europe/Berlin" or "UTC"') from error
    return name


Select = Annotated[str, AfterValidator(_select)]


class Connection(Model):
    """`odbc` is a connection string; `sqlite` a path, read with the standard library's driver.

    Secrets stand as `${env:NAME}`, `${secret:name}` or `${secret:name#json_key}`, never as text.
    """

    odbc: str | None = None
    sqlite: str | None = None
    login_timeout_s: int = Field(default=10, ge=1, le=120)
    statement_timeout_s: int = Field(default=30, ge=1, le=600)
    read_only: bool = True
    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.odbc is None) == (self.sqlite is None):
            raise PydanticCustomError("connection", 'needs exactly one of odbc = "Driver=..." and sqlite = "path"')
        if self.odbc and re.search(r"\b(pwd|password)\s*=\s*(?!\$\{)[^;\s]", self.odbc, re.IGNORECASE):
            raise PydanticCustomError("secret", "holds a password as text: write PWD=${env:NAME} or PWD=${secret:name}")
        return self


class Rows(Model):
    """Where rows come from: a `table` (with an optional `where`) or a `query`. `key` identifies an order."""

    table: str | None = Field(default=None, min_length=1)
    query: Select | None = None
    where: str | None = Field(default=None, min_length=1)
    key: Annotated[tuple[Column, ...], Field(min_length=1, max_length=4)]

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise PydanticCustomError("rows", "needs exactly one of table and query")
        return self


class Orders(Rows):
    """One row per order. `key_types` casts key parameters, such as {id = "uuid"}, where the database insists."""

    key_types: dict[str, Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ (),]+$")]] = Field(
        default_factory=dict
    )


class Lines(Rows):
    """One row per position; `key` are the columns that equal orders.key, in the same order.

    `count` names a header column with the number of lines: an order with another number is not complete yet.
    """

    order_by: tuple[Column, ...] = ()
    count: Column | None = None


class Cursor(Model):
    """How new and changed rows are found; docs/poller.md states what each mode promises and cannot see.

    `overlap_s`: how long after its stamp (or its id) a row may become visible: the longest transaction plus, for
    timestamps, how far the clock that stamps may be behind the database's. `hold_s`: how long an open transaction of
    the database may keep the watermark back beyond that.
    """

    mode: Mode
    column: Column | None = None
    type: StampType = "timestamp"
    zone: Literal["source", "utc"] = "source"
    format: str | None = None
    overlap_s: int = Field(default=300, ge=0, le=7 * 86_400)
    hold_s: int = Field(default=3600, ge=0, le=7 * 86_400)
    states: tuple[str | int, ...] = ()
    start: str | int = "beginning"
    nulls: Literal["read", "ignore"] = "read"
    cap_query: Select | None = None
    acknowledge: str | None = None
    recheck_lines: bool = True

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.mode in ("timestamp+id", "rowversion", "status-flag") and self.column is None:
            raise PydanticCustomError("column", "cursor.column is needed in mode {mode}", {"mode": self.mode})
        if (self.mode == "status-flag") != bool(self.states):
            raise PydanticCustomError("states", 'states = ["NEW"] is needed in mode status-flag, and only there')
        if self.type in ("text", "number") and self.mode == "timestamp+id" and self.format is None:
            raise PydanticCustomError(
                "format", 'format (such as "%Y%m%d%H%M%S") is needed with type {t}', {"t": self.type}
            )
        if self.acknowledge is not None:
            _statement(self.acknowledge)
        return self


class Paging(Model):
    """Bounds of one poll. `accept_workers`: orders accepted at the same time."""

    page_rows: int = Field(default=500, ge=2, le=10_000)
    time_budget_s: int = Field(default=45, ge=1, le=3600)
    interval_s: int = Field(default=60, ge=1, le=86_400)
    accept_workers: int = Field(default=8, ge=1, le=32)
    lease_s: int = Field(default=60, ge=2, le=900)


class Blackout(Model):
    """Hours in which the ERP is left alone (end of day, backups), in the source's time zone; may span midnight."""

    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    start: time
    end: time


class WriteBack(Model):
    """SQL that tells the ERP what became of an order. Named parameters: `:external_id`, `:status` and so on.

    Run at least once and in order, so each must be idempotent. `key_pattern`: a regular expression whose named groups
    take the external id apart into further parameters.
    """

    received: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    key_pattern: str | None = None

    @property
    def by_outcome(self) -> dict[str, tuple[str, ...]]:
        """Outcome (`confirmed`, ...) -> its statements; outcomes without any are left out."""
        named = ("received", "confirmed", "rejected", "cancelled", "failed")
        return {name: getattr(self, name) for name in named if getattr(self, name)}

    @model_validator(mode="after")
    def _statements(self) -> Self:
        try:
            groups = set(re.compile(self.key_pattern).groupindex) if self.key_pattern else set()
        except re.error as error:
            raise PydanticCustomError("pattern", "key_pattern is not a regular expression") from error
        for statements in self.by_outcome.values():
            for sql in statements:
                unknown = set(_statement(sql)) - WRITE_BACK_NAMES - groups
                if unknown:
                    names, known = ", ".join(sorted(unknown)), ", ".join(sorted(WRITE_BACK_NAMES | groups))
                    raise PydanticCustomError("names", "unknown parameter {n}; known: {k}", {"n": names, "k": known})
        return self

    def parameters_of(self, external_id: str) -> dict[str, str]:
        """The parameters that come from the order's number. Raises ValueError if it does not fit `key_pattern`."""
        if self.key_pattern is None:
            return {"external_id": external_id}
        match = re.fullmatch(self.key_pattern, external_id)
        if match is None:
            raise ValueError("the external id does not fit write_back.key_pattern")
        return {"external_id": external_id, **match.groupdict(default="")}


def _statement(sql: str) -> tuple[str, ...]:
    try:
        return compile_statement(sql).names
    except BadStatement as error:
        raise PydanticCustomError("statement", "{reason}", {"reason": str(error)}) from error


class Source(Model):
    """One ERP. `name` is the canonical `source` of its orders."""

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=MAX_NAME_CHARACTERS)]
    enabled: bool = True
    dialect: DialectName
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    ambiguous_time: Literal["earlier", "later", "quarantine"] = "earlier"
    connection: Connection
    orders: Orders
    lines: Lines
    cursor: Cursor
    paging: Paging = Paging()
    order: OrderFields
    line: LineFields
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    write_back: WriteBack = WriteBack()
    blackouts: tuple[Blackout, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(self.lines.key) != len(self.orders.key):
            raise PydanticCustomError("key", "lines.key needs as many columns as orders.key, in the same order")
        if self.connection.sqlite is not None and self.dialect != "sqlite":
            raise PydanticCustomError("dialect", 'dialect must be "sqlite" with connection.sqlite')
        if self.cursor.mode == "rowversion" and self.dialect != "sqlserver" and self.cursor.cap_query is None:
            raise PydanticCustomError(
                "cap", "cursor.cap_query is needed for rowversion on other databases than sqlserver"
            )
        if self.cursor.mode == "id" and self.cursor.column is None and len(self.orders.key) != 1:
            raise PydanticCustomError("column", "cursor.column is needed in mode id with a key of several columns")
        return self
