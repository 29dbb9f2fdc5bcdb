"""The order as it may arrive: the pydantic models of the JSON, and their way into the domain.

Form only (types, lengths, characters); whether it is true is ValidateOrder's business. All wrong fields are named
at once. The same models serve REST, batches and the poller, and the OpenAPI document is made from them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.money import MINOR_UNITS, InvalidMoney, Money, parse_decimal
from chalicelib.domain.names import MAX_NAME_CHARACTERS, NAME_PATTERN
from chalicelib.domain.order import MAX_LINES, OrderContent
from chalicelib.orders import keys
from chalicelib.orders.hand_over import hand_over
from chalicelib.orders.json_text import MalformedJson, kind_of, read_json

MAX_QUANTITY = 1_000_000
MAX_PRICE_DECIMALS = 6


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


def _plain_text(text: str) -> str:
    """Refuse what no ERP means: control characters, lone surrogates, private code points, outer whitespace."""
    # isprintable() is quick and true for nearly all text; only the rest is looked at character by character.
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs", "Cn", "Co") for c in text):
        raise PydanticCustomError("characters", "must not contain control characters or invalid Unicode")
    if text != text.strip():
        raise PydanticCustomError("blanks", "must not begin or end with whitespace")
    return text


def _characters(text: str) -> str:
    """One form for one text, and nothing that tells of a character that was lost."""
    if keys.REPLACED in text:
        raise PydanticCustomError(
            "replaced", "holds U+FFFD, which stands for a character that was lost: send UTF-8, or state the encoding"
        )
    return keys.composed(_plain_text(text))


def _name(text: str) -> str:
    """A text for people."""
    return _visible(_characters(text), keys.invisible_in_name)


def _key(text: str) -> str:
    """A text that identifies something."""
    text = _visible(_characters(text), keys.invisible)
    if problem := keys.lost_value(text):
        raise PydanticCustomError("key", "{problem}", {"problem": problem})
    return text


def _visible(text: str, invisible: Callable[[str], str]) -> str:
    if not text.isprintable() and (found := invisible(text)):
        raise PydanticCustomError("invisible", "holds {found}, which nobody sees: remove it", {"found": found})
    return text


def _decimal(text: object) -> Decimal:
    if not isinstance(text, str):
        raise PydanticCustomError("decimal", 'must be a string such as "12.50", so that no digit is lost')
    try:
        return parse_decimal(text)
    except InvalidMoney as error:
        raise PydanticCustomError("decimal", "{reason}", {"reason": str(error)}) from error


def _price(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    if value < 0 or value > 10**12 or (isinstance(exponent, int) and -exponent > MAX_PRICE_DECIMALS):
        raise PydanticCustomError("price", "must be from 0 to 10^12 with at most 6 decimals")
    return value


def _rate(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        raise PydanticCustomError("rate", 'must be a fraction from 0 to 1: "0.20" means 20 %')
    return value


def _ensure_amount(total: Decimal, currency: str) -> None:
    try:
        Money.parse(format(total, "f"), currency)
    except InvalidMoney as error:
        raise PydanticCustomError("amount", "{reason}", {"reason": str(error)}) from error


def _currency(code: str) -> str:
    if code not in MINOR_UNITS:
        raise PydanticCustomError("currency", "must be an ISO 4217 code in capitals, such as EUR")
    return code


def _timestamp(value: object) -> datetime:
    """RFC 3339 with an offset. A naive time would be a guess."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise PydanticCustomError("timestamp", 'must be a time with its offset, such as "2026-11-23T10:15:00Z"')
    if not 2000 <= value.year <= 2100:
        raise PydanticCustomError("timestamp", "must lie between the years 2000 and 2100")
    return value.astimezone(UTC)


def _text(most: int, pattern: str | None = None) -> Any:
    return StringConstraints(strict=True, min_length=1, max_length=most, pattern=pattern)


SourceName = Annotated[str, _text(MAX_NAME_CHARACTERS, NAME_PATTERN)]
Key = Annotated[str, _text(128), AfterValidator(_key)]
Name = Annotated[str, _text(200), AfterValidator(_name)]
Currency = Annotated[str, _text(3), AfterValidator(_currency)]
Country = Annotated[str, _text(2, r"^[A-Z]{2}$")]
DecimalText = Annotated[Decimal, BeforeValidator(_decimal, json_schema_input_type=str)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineIn(_Model):
    """One position of an order."""

    line: int = Field(strict=True, ge=1, le=999_999, description="The ERP's own line number", examples=[1])
    sku: Key = Field(examples=["WIDGET-1"])
    quantity: int = Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[3])
    unit_price: Annotated[DecimalText, AfterValidator(_price)] = Field(description="Net", examples=["12.50"])
    tax_rate: Annotated[DecimalText, AfterValidator(_rate)] = Field(description="A fraction", examples=["0.20"])


class PaymentIn(_Model):
    """`card` needs the provider's token of a payment method; `on_account` draws on the customer's credit."""

    method: Literal["card", "on_account"]
    token: Annotated[str, _text(255, r"^[A-Za-z0-9_-]+$")] | None = Field(default=None, examples=["pm_card_visa"])

    @model_validator(mode="after")
    def _token_goes_with_card(self) -> Self:
        if (self.method == "card") != (self.token is not None):
            raise PydanticCustomError("token", "needs a token with method card, and none with on_account")
        return self


class AddressIn(_Model):
    """Where to deliver."""

    name: Name
    address: Name
    city: Name
    postal_code: Annotated[str, _text(20), AfterValidator(_name)]
    country: Country = Field(description="ISO 3166-1 alpha-2", examples=["DE"])


class OrderIn(_Model):
    """An order as an ERP sends it. Money is a decimal string, never a JSON number."""

    source: SourceName = Field(description="The ERP system", examples=["sap-emea"])
    external_id: Key = Field(description="The ERP's order number", examples=["SO-100045"])
    ordered_at: Annotated[datetime, BeforeValidator(_timestamp, json_schema_input_type=str)]
    customer_id: Key = Field(examples=["C-1001"])
    currency: Currency = Field(description="ISO 4217", examples=["EUR"])
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MAX_LINES)]
    total: DecimalText = Field(description="Gross, tax included", examples=["45.00"])
    payment: PaymentIn
    ship_to: AddressIn

    @field_validator("lines")
    @classmethod
    def _line_numbers_differ(cls, lines: list[LineIn]) -> list[LineIn]:
        if len({line.line for line in lines}) != len(lines):
            raise PydanticCustomError("lines", "two lines have the same line number")
        return lines

    @field_validator("total")
    @classmethod
    def _total_is_an_amount(cls, total: Decimal, info: ValidationInfo) -> Decimal:
        """Needs the currency; if that is wrong, its own problem is enough."""
        currency = info.data.get("currency")
        if currency is not None:
            _ensure_amount(total, currency)
        if total < 0:
            raise PydanticCustomError("total", "must not be negative")
        return total

    def content(self) -> OrderContent:
        """The domain's form."""
        return _content_of(self, self.currency)


_content_of = hand_over(OrderIn, OrderContent)


def parse_order(raw: Mapping[str, Any] | str) -> OrderContent:
    """An order from JSON text or from an already parsed object. Raises InvalidPayload with every problem."""
    value = _read(raw) if isinstance(raw, str) else raw
    try:
        model = OrderIn.model_validate(value)
    except ValidationError as error:
        raise _invalid(error) from error
    return model.content()


def _read(text: str) -> Mapping[str, Any]:
    try:
        value = read_json(text)
    except MalformedJson as error:
        places = error.places or ("",)
        message = "stands more than once in its object" if error.places else error.message
        raise InvalidPayload(tuple(FieldProblem(place, message) for place in places), malformed=True) from None
    if not isinstance(value, dict):
        raise InvalidPayload((FieldProblem("", f"must be a JSON object {{...}}, but is {kind_of(value)}"),))
    return value


def _invalid(error: ValidationError) -> InvalidPayload:
    """Never repeats the offending input: it may be personal, or 200 kB long."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return InvalidPayload(tuple(FieldProblem(_path(item["loc"]), item["msg"]) for item in found))


def _path(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".")[:200]
