"""What may be asked of batches: the bodies of their requests."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.api.http.commands import CommandIn
from chalicelib.batches.model import Expected
from chalicelib.domain.names import MAX_NAME_CHARACTERS, NAME_PATTERN
from chalicelib.orders.payload import SourceName

MAX_ORDERS_IN_BODY = 10_000
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9A-Fa-f]{64}$")]
CurrencyCode = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Sum = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,6})?$")]


class ExpectedIn(BaseModel):
    """What the sender has counted. A file that differs is refused before any of its orders is accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders: int | None = Field(default=None, ge=1, le=1_000_000, description="How many orders", examples=[1200])
    total_by_currency: dict[CurrencyCode, Sum] = Field(
        default={},
        max_length=200,
        description="The sum of the orders' totals",
        examples=[{"EUR": "48210.50"}],
    )
    bytes: int | None = Field(default=None, ge=0, description="Of the file as it is uploaded, compressed or not")
    sha256: Sha256 | None = Field(default=None, description="In hex, of the file as it is uploaded")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self == ExpectedIn.model_construct():
            raise PydanticCustomError("expected", "must hold orders, total_by_currency, bytes or sha256")
        return self

    def expected(self) -> Expected:
        return Expected(self.orders, dict(self.total_by_currency), self.bytes, self.sha256 or "")


class BatchIn(BaseModel):
    """With `orders`: take them now. Without: say what the file will be, and get a place to send it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: SourceName = Field(description="The ERP system; all orders are of it", examples=["sap-emea"])
    orders: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_ORDERS_IN_BODY)] | None = Field(
        default=None, description="Orders as in `POST /orders`; each is checked for itself, and reported"
    )
    format: Literal["jsonl", "json", "csv"] | None = Field(
        default=None, description="Of the file: an order a line, a JSON array, or CSV by the source's mapping"
    )
    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] | None = Field(
        default=None, description="Of a JSONL or JSON file; a byte order mark decides over it. Default utf-8"
    )
    mapping: Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS, pattern=NAME_PATTERN)] | None = Field(
        default=None, description="Name of a published CSV mapping of the source; default: `default`"
    )
    dry_run: bool = Field(
        default=False, description="Only try it: the report says of each order what would become of it as of now"
    )
    expected: ExpectedIn | None = Field(default=None, description="What must be in the file, or it is refused")

    @model_validator(mode="after")
    def _either_orders_or_a_file(self) -> Self:
        if (self.orders is None) == (self.format is None):
            raise PydanticCustomError("either", "needs either orders, or the format of the file that will be uploaded")
        if self.mapping is not None and self.format != "csv":
            raise PydanticCustomError("mapping", "a mapping is for format csv only")
        if self.encoding is not None and self.format not in ("jsonl", "json"):
            raise PydanticCustomError("encoding", "the encoding of a CSV file stands in its mapping")
        if self.format is None and self.expected and (self.expected.bytes is not None or self.expected.sha256):
            raise PydanticCustomError("expected", "bytes and sha256 are of a file; with orders, expect their number")
        return self

    def announced(self) -> Expected:
        """What must be in the file."""
        return self.expected.expected() if self.expected else Expected()


class CancelBatchIn(CommandIn):
    """Why the batch is cancelled."""

    running_orders: Literal["finish", "cancel"] = Field(
        default="finish", description="What becomes of orders that were accepted and have no outcome yet"
    )
