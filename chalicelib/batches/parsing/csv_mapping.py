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
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from chalicelib.batches.errors import BrokenFile
from chalicelib.mapping.field_model import LineFields, Model, OrderFields
from chalicelib.mapping.rules import columns_of, disagreements, field_sources

ALL_OTHERS = "*"
MAX_PROBLEMS = 10


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PydanticCustomError("zone", 'must be an IANA time zone such as "Europe/Berlin" or "UTC"') from error
    return name


class CsvMapping(Model):
    """One row per order line; the rows of an order follow each other and repeat its header fields.

    `ignore` names columns that are known and not needed; "*" stands for all that are not mapped.
    """

    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    ambiguous_time: Literal["earlier", "later", "quarantine"] = "earlier"
    ignore: tuple[str, ...] = ()
    order: OrderFields
    line: LineFields
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is mapped."""
        return tuple(dict.fromkeys((*columns_of(self.order), *columns_of(self.line))))

    @property
    def required(self) -> dict[str, list[str]]:
        """Column -> the fields read from it, of all columns that a file may not lack."""
        found: dict[str, list[str]] = {}
        for prefix, fields in (("", self.order), ("lines[].", self.line)):
            for path, spec in field_sources(fields).items():
                for column in () if spec.optional else spec.origin:
                    found.setdefault(column, []).append(prefix + path)
        return found


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
    problems = [": ".join(problem) for problem in disagreements(mapping.order, mapping.line, mapping.codes)]
    if problems:
        raise BrokenFile(f"the CSV mapping is wrong: {'; '.join(problems)}")
    return mapping
