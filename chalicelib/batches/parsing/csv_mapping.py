"""The mapping of a CSV file: `[order]`, `[line]`, `[codes]` as in a poller's source file, and how the file is written.

encoding = "cp1252"
delimiter = ";"
timezone = "Europe/Berlin"
ignore = ["REMARK"]

[order]
external_id = "BELNR"
total = { column = "BRUTTO", transforms = ["decimal_comma"] }
payment.token = { column = "TOKEN", optional = true }
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.batches.errors import BrokenFile
from chalicelib.mapping.field_model import Column, LineFields, Model, OrderFields
from chalicelib.mapping.rules import columns_of, disagreements, field_sources
from chalicelib.mapping.transforms import BadTransform, compile_transform

ALL_OTHERS = "*"
MAX_PROBLEMS = 10


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PydanticCustomError("zone", 'must be an IANA time zone such as "Europe/Berlin" or "UTC"') from error
    return name


class Choice(Model):
    """The values of a column by which a row is taken or left out. Any other value is a mistake."""

    take: Annotated[tuple[str, ...], Field(min_length=1)]
    leave: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if both := sorted({*self.take} & {*self.leave}):
            raise PydanticCustomError("choice", "{both} is both taken and left out", {"both": ", ".join(both)})
        return self


def _taken_alone(value: Any) -> Any:
    return {"take": value} if isinstance(value, list) else value


Choices = dict[Column, Annotated[Choice, BeforeValidator(_taken_alone)]]


class Kinds(Model):
    """Records of several kinds, told by their first cell. `begin` is the kind that begins an order, `line` the one that
    is a line of it; any other kind of `columns` adds cells to the order, once. `columns`: the names of the cells behind
    the first; a name that another kind has as well must have the same cell there. `skip`: kinds that nobody needs.
    `header_rows`: above the records stands a row of names for each kind, in the order of `columns`.
    """

    begin: str
    line: str
    columns: dict[str, tuple[str, ...]]
    skip: tuple[str, ...] = ()
    header_rows: bool = False

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.begin == self.line or not {self.begin, self.line} <= self.columns.keys():
            raise PydanticCustomError("kinds", "begin and line must be two of the kinds in columns")
        if both := sorted({*self.skip} & self.columns.keys()):
            raise PydanticCustomError("kinds", "{both} is both skipped and read", {"both": ", ".join(both)})
        first, seen = {*self.columns[self.begin]}, set[str]()
        for kind, names in self.columns.items():
            own = {*filter(None, names)} - (first if kind != self.begin else set())
            twice = {name for name, times in Counter(filter(None, names)).items() if times > 1}
            if wrong := sorted(twice | (own & seen)):
                raise PydanticCustomError("kinds", "{wrong} is named twice", {"wrong": ", ".join(wrong)})
            seen |= own if kind != self.begin else set()
        return self


class Trailer(Model):
    """The last row of the file, which must be there. It is known by its first cell, `begins`. The others are numbers of
    cells, from 1, that hold how many `rows` of orders, physical `lines` or `orders` the file has (all of them, the
    trailer among the lines), and the sum of the orders' totals, read by `transforms`.
    """

    begins: Annotated[str, Field(min_length=1)]
    rows: Annotated[int, Field(ge=2)] | None = None
    lines: Annotated[int, Field(ge=2)] | None = None
    orders: Annotated[int, Field(ge=2)] | None = None
    total: Annotated[int, Field(ge=2)] | None = None
    transforms: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if {self.rows, self.lines, self.orders, self.total} == {None}:
            raise PydanticCustomError("trailer", "needs the number of a cell: rows, lines, orders or total")
        try:
            list(map(compile_transform, self.transforms))
        except BadTransform as error:
            raise PydanticCustomError("transform", "{reason}", {"reason": str(error)}) from error
        return self


class CsvMapping(Model):
    """One row per order line; the rows of an order follow each other and repeat its header fields.

    `ignore` names columns that are known and not needed; "*" stands for all that are not mapped, in `carry_down` and
    `line_breaks` for all columns. docs/batches.md explains each option.
    """

    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    skip_rows: Annotated[int, Field(ge=0, le=1000)] = 0
    comment: Annotated[str, Field(max_length=10)] = ""
    match: Literal["exact", "ignore-case"] = "exact"
    continuation: Literal["repeat", "blank"] = "repeat"
    carry_down: tuple[str, ...] = ()
    line_breaks: tuple[str, ...] = ()
    ragged: Literal["refuse", "pad"] = "refuse"
    trailing_delimiter: bool = False
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    ambiguous_time: Literal["earlier", "later", "quarantine"] = "earlier"
    ignore: tuple[str, ...] = ()
    where: Choices = Field(default_factory=dict)
    line_where: Choices = Field(default_factory=dict)
    kinds: Kinds | None = None
    trailer: Trailer | None = None
    order: OrderFields
    line: LineFields
    extra_lines: tuple[LineFields, ...] = ()
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def header_columns(self) -> tuple[str, ...]:
        """Those that are of the order: the same in all of its rows."""
        of_extra_lines = chain.from_iterable(map(columns_of, self.extra_lines))
        return tuple(dict.fromkeys((*columns_of(self.order), *self.where, *of_extra_lines)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return tuple(dict.fromkeys((*self.header_columns, *columns_of(self.line), *self.line_where)))

    def carries_down(self, column: str) -> bool:
        """Whether the further rows of an order may leave it empty."""
        return column in self.carry_down or ALL_OTHERS in self.carry_down or self.continuation == "blank"

    def may_break(self, column: str) -> bool:
        """Whether its cells may hold line breaks."""
        return column in self.line_breaks or ALL_OTHERS in self.line_breaks

    @property
    def required(self) -> dict[str, list[str]]:
        """Column -> the fields read from it, of all columns that a file may not lack."""
        found: dict[str, list[str]] = {}
        for prefix, fields in (("", self.order), ("lines[].", self.line), *(("lines[].", x) for x in self.extra_lines)):
            for path, spec in field_sources(fields).items():
                for column in spec.required_columns:
                    found.setdefault(column, []).append(prefix + path)
        for table, choices in (("where", self.where), ("line_where", self.line_where)):
            for column in choices:
                found.setdefault(column, []).append(table)
        return found

    def disagreements(self) -> Iterator[tuple[str, str]]:
        """What is wrong with it as a whole: (key path, message)."""
        for fields in (self.line, *self.extra_lines):
            yield from disagreements(self.order, fields, self.codes)
        if self.kinds is None:
            return
        known = {name for names in self.kinds.columns.values() for name in names}
        for column, fields_read in self.required.items():
            if column not in known:
                yield "kinds.columns", f"no kind has a cell {column}, from which {', '.join(fields_read)} is read"
        if not {*self.order.external_id.origin} <= {*self.kinds.columns[self.kinds.begin]}:
            yield "kinds.columns", "external_id must be read from the kind that begins an order"
        for option in ("carry_down", "line_breaks", "match", "continuation"):
            if option in self.model_fields_set:
                yield option, "says nothing where there are kinds"


ALWAYS_A_COLUMN = frozenset({"ship_to.postal_code"})
"""Few orders do without: a file that lacks the column is a mistake, though a cell may be empty."""


def _canonical() -> str:
    """Columns of optional fields may be missing from the file."""
    lines = []
    for table, fields in (("order", OrderFields), ("line", LineFields)):
        lines.append(f"[{table}]")
        for path, field in fields.LEAVES.items():
            column = path.replace(".", "_")
            origin = (
                f'{{ column = "{column}", optional = true }}'
                if field.optional and path not in ALWAYS_A_COLUMN
                else f'"{column}"'
            )
            lines.append(f"{path} = {origin}")
    return "\n".join(lines) + "\n"


CANONICAL = _canonical()
"""For a source that has published no mapping: our own names as column names."""


def parse_mapping(text: str) -> CsvMapping:
    """From TOML text. Raises BrokenFile naming every mistake with its key path."""
    try:
        mapping = CsvMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BrokenFile(f"the CSV mapping is not TOML: {error}") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found[:MAX_PROBLEMS]]
        raise BrokenFile(f"the CSV mapping is wrong: {'; '.join(problems)}") from None
    problems = list(dict.fromkeys(": ".join(problem) for problem in mapping.disagreements()))
    if problems:
        raise BrokenFile(f"the CSV mapping is wrong: {'; '.join(problems)}")
    return mapping
