"""What validators check, said in JSON schema: for the OpenAPI document, and for whoever makes requests of it.

A pattern here refuses nothing that the validator takes. What it cannot say (invisible characters, remains of lost
values, the decimals of a currency) is a rule in docs/api.md.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

TEXT = r"^[^\x00-\x20\x7f-\xa0]([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0])?$"
"""No control characters, no blanks around it."""

DECIMAL = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$"
PRICE = r"^((0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?|1000000000000(\.0{1,6})?)$"
RATE = r"^(0(\.[0-9]{1,18})?|1(\.0{1,18})?)$"
TOTAL = r"^(0|[1-9][0-9]{0,15})(\.[0-9]{1,18})?$"


def described(**keywords: Any) -> Any:
    """Keywords for the schema of a field, beside what its type says."""
    return Field(json_schema_extra=keywords)
