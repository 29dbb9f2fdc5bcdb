"""SQL with named parameters (`:name`) turned into the `?` form that ODBC and sqlite3 share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""'(?:[^']|'')*'            # text
      | "(?:[^"]|"")*"            # quoted identifier
      | `[^`]*` | \[[^\]]*\]
      | --[^\n]* | /\*.*?\*/      # comments
      | ::                        # PostgreSQL's cast
      | :(?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>\?) | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)


class BadStatement(ValueError):
    """SQL that cannot be used as a statement with named parameters; says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `?` marks and the parameter name of each, in order; a name may stand at several marks."""

    sql: str
    names: tuple[str, ...]

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The parameters in the order of the marks. Raises KeyError for a missing one."""
        return tuple(values[name] for name in self.names)


def compile_statement(sql: str) -> Statement:
    """`UPDATE o SET s = :status WHERE n = :external_id` -> `... s = ? WHERE n = ?` and the names.

    Text, quoted names, comments and `::` casts are left alone. Raises BadStatement for `?`, for several statements
    and for one that is not INSERT, UPDATE, DELETE, MERGE or a procedure call.
    """
    body = sql.strip().removesuffix(";").rstrip()
    if not re.match(r"(insert|update|delete|merge|call|exec|execute|\{\s*call)\b", body, re.IGNORECASE):
        raise BadStatement("must be INSERT, UPDATE, DELETE, MERGE or a procedure call")
    names: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["mark"]:
            raise BadStatement("uses ? for a parameter: name it, such as :external_id")
        if match["end"]:
            raise BadStatement("holds several statements: give each its own text in the list")
        if match["name"]:
            names.append(match["name"])
            return "?"
        return match[0]

    return Statement(_TOKEN.sub(replace, body), tuple(names))
