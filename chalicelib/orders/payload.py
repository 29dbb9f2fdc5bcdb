"""The order as it may arrive: the pydantic models of the JSON, and their way into the domain.

Form only (types, lengths, characters); whether it is true is ValidateOrder's business. All wrong fields are named
at once. The same models serve REST, batches and the poller, and the OpenAPI document is made from them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
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

from chalicelib.domain.countries import COUNTRIES, WITHOUT_POSTAL_CODES
from chalicelib.domain.money import MINOR_UNITS, InvalidMoney, Money, parse_decimal
from chalicelib.domain.names import MAX_NAME_CHARACTERS, NAME_PATTERN
from chalicelib.domain.order import MAX_LINES, OrderContent
from chalicelib.domain.timestamps import parse_rfc3339
from chalicelib.orders import keys
from chalicelib.orders.described import DECIMAL, PRICE, RATE, TEXT, TOTAL, described
from chalicelib.orders.hand_over import hand_over
from chalicelib.orders.invalid_payload import FieldProblem as FieldProblem
from chalicelib.orders.invalid_payload import InvalidPayload as InvalidPayload
from chalicelib.orders.invalid_payload import invalid, read_object

MAX_QUANTITY = 1_000_000
MAX_PRICE_DECIMALS = 6

FIRST_YEAR = 2000
MAX_AHEAD = timedelta(days=366)
"""An order may be dated ahead by clocks, time zones and pre-orders, not by more than the slips of a year."""

MAX_EXACT_FLOAT = 2**53
"""Beyond it a number with a decimal point may be another whole number than the one that was written."""


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


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise PydanticCustomError("country", "must be an ISO 3166-1 alpha-2 code in capitals, such as DE")
    return code


def _whole(value: object) -> object:
    """3.0 is the whole number 3, also in JSON (RFC 8259 has numbers only, no integers)."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT_FLOAT:
        return int(value)
    return value


def _timestamp(value: object, info: ValidationInfo) -> datetime:
    """RFC 3339, hence with an offset. A naive time would be a guess."""
    try:
        moment = value if isinstance(value, datetime) else parse_rfc3339(value if isinstance(value, str) else "")
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PydanticCustomError(
            "timestamp", 'must be a time of RFC 3339 with its offset, such as "2026-11-23T10:15:00Z"'
        )
    if moment.year < FIRST_YEAR:
        raise PydanticCustomError("timestamp", f"must not lie before the year {FIRST_YEAR}")
    if info.context is not None and moment > info.context["now"] + MAX_AHEAD:
        raise PydanticCustomError("timestamp", f"lies in the future by more than {MAX_AHEAD.days} days")
    return moment.astimezone(UTC)


def _text(most: int, pattern: str | None = None) -> Any:
    return StringConstraints(strict=True, min_length=1, max_length=most, pattern=pattern)


WHOLE = BeforeValidator(_whole)
"""Before a strict integer."""

SourceName = Annotated[str, _text(MAX_NAME_CHARACTERS, NAME_PATTERN)]
Key = Annotated[str, _text(128), AfterValidator(_key), described(pattern=TEXT)]
Name = Annotated[str, _text(200), AfterValidator(_name), described(pattern=TEXT)]
Currency = Annotated[str, _text(3), AfterValidator(_currency), described(enum=sorted(MINOR_UNITS))]
Country = Annotated[str, _text(2, r"^[A-Z]{2}$"), AfterValidator(_country), described(enum=sorted(COUNTRIES))]
Time = Annotated[
    datetime,
    BeforeValidator(_timestamp, json_schema_input_type=str),
    described(format="date-time"),
]
DecimalText = Annotated[Decimal, BeforeValidator(_decimal, json_schema_input_type=str), described(pattern=DECIMAL)]
Price = Annotated[DecimalText, AfterValidator(_price), described(pattern=PRICE)]
Rate = Annotated[DecimalText, AfterValidator(_rate), described(pattern=RATE)]
PostalCode = Annotated[
    str, StringConstraints(strict=True, max_length=20), AfterValidator(_name), described(pattern=f"^$|{TEXT}")
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineIn(_Model):
    """One position of an order."""

    line: Annotated[int, WHOLE] = Field(
        strict=True, ge=1, le=999_999, description="The ERP's own line number", examples=[1]
    )
    sku: Key = Field(examples=["WIDGET-1"])
    quantity: Annotated[int, WHOLE] = Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[3])
    unit_price: Price = Field(description="Net", examples=["12.50"])
    tax_rate: Rate = Field(description="A fraction", examples=["0.20"])


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
    country: Country = Field(description="ISO 3166-1 alpha-2, and XK", examples=["DE"])
    postal_code: PostalCode = Field(
        default="",
        validate_default=True,
        description="Empty or absent only where the country has no postal codes, such as AE or HK",
        examples=["20457"],
    )

    @field_validator("postal_code")
    @classmethod
    def _where_there_are_postal_codes(cls, code: str, info: ValidationInfo) -> str:
        """If the country is wrong, its own problem is enough."""
        country = info.data.get("country")
        if not code and country is not None and country not in WITHOUT_POSTAL_CODES:
            raise PydanticCustomError("postal_code", "is needed in {country}", {"country": country})
        return code


class OrderIn(_Model):
    """An order as an ERP sends it. Money is a decimal string, never a JSON number."""

    source: SourceName = Field(description="The ERP system", examples=["sap-emea"])
    external_id: Key = Field(description="The ERP's order number", examples=["SO-100045"])
    ordered_at: Time = Field(description="RFC 3339", examples=["2026-11-23T10:15:00Z"])
    customer_id: Key = Field(examples=["C-1001"])
    currency: Currency = Field(description="ISO 4217", examples=["EUR"])
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=MAX_LINES)]
    total: Annotated[DecimalText, described(pattern=TOTAL)] = Field(
        description="Gross, tax included", examples=["45.00"]
    )
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


def parse_order(raw: Mapping[str, Any] | str, now: datetime | None = None) -> OrderContent:
    """An order from JSON text or from an already parsed object. Raises InvalidPayload with every problem.

    `now` bounds how far ahead the order may be dated; without it (in the past that a file tells of) nothing does.
    """
    value = read_object(raw) if isinstance(raw, str) else raw
    try:
        model = OrderIn.model_validate(value, context=None if now is None else {"now": now})
    except ValidationError as error:
        raise invalid(error) from error
    return model.content()
