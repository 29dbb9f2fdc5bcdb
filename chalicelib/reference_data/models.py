"""What a record of reference data must look like before it is published: the pydantic models and their plain words."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from chalicelib.domain.money import InvalidMoney, Money
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.orders.payload import MAX_PRICE_DECIMALS, Currency, DecimalText, Key, Name

_WORDS = {
    "missing": "is missing: add it",
    "extra_forbidden": "is not a field of this data set: correct its name or remove it",
    "string_type": "must be text: put it in quotes",
    "string_too_short": "is empty: fill it in",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object of currency and price",
    "model_type": "must be an object",
    "literal_error": "must be sku, customer or country",
}


def _price(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    if value < 0 or value > 10**12 or (isinstance(exponent, int) and -exponent > MAX_PRICE_DECIMALS):
        raise PydanticCustomError("price", "must be from 0 to 10^12 with at most 6 decimals")
    return value


def _tolerance(value: Decimal) -> Decimal:
    if not 0 <= value <= 1:
        raise PydanticCustomError("tolerance", 'must be a fraction from 0 to 1: "0.02" accepts prices 2 % off')
    return value


Price = Annotated[DecimalText, AfterValidator(_price)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CreditIn(_Record):
    """The most that may be open on the customer's account."""

    amount: DecimalText
    currency: Currency

    @model_validator(mode="after")
    def _is_an_amount(self) -> Self:
        if self.amount <= 0:
            raise PydanticCustomError("credit", "must be above 0: leave the credit limit out if there is no credit")
        self.money()
        return self

    def money(self) -> Money:
        try:
            return Money.parse(format(self.amount, "f"), self.currency)
        except InvalidMoney as error:
            raise PydanticCustomError("credit", "{reason}", {"reason": str(error)}) from error


class CustomerIn(_Record):
    """A customer. Without `currencies` it may order in any; without `credit_limit` it cannot order on account."""

    customer_id: Key
    name: Name
    active: bool = Field(default=True, strict=True)
    price_tolerance: Annotated[DecimalText, AfterValidator(_tolerance)] = Decimal(0)
    currencies: tuple[Currency, ...] = ()
    credit_limit: CreditIn | None = None

    @model_validator(mode="after")
    def _credit_can_be_used(self) -> Self:
        if len(set(self.currencies)) != len(self.currencies):
            raise PydanticCustomError("currencies", "currencies names one twice: remove the second")
        if self.credit_limit and self.currencies and self.credit_limit.currency not in self.currencies:
            raise PydanticCustomError("credit", "the credit limit is in a currency in which the customer cannot order")
        return self

    def record(self) -> Customer:
        limit = self.credit_limit.money() if self.credit_limit else None
        return Customer(self.customer_id, self.name, self.active, self.price_tolerance, self.currencies, limit)


class ProductIn(_Record):
    """A product with its net list price per piece in each currency in which it is sold."""

    sku: Key
    name: Name
    active: bool = Field(default=True, strict=True)
    prices: dict[Currency, Price] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_sold(self) -> Self:
        if self.active and not self.prices:
            raise PydanticCustomError("prices", "has no price: add one, or set active to false")
        return self

    def record(self) -> Product:
        return Product(self.sku, self.name, self.active, self.prices)


class HoldIn(_Record):
    """Deliveries to stop. `reason` is shown to the people who ask why."""

    kind: Literal["sku", "customer", "country"]
    key: Key
    reason: Name

    @model_validator(mode="after")
    def _is_a_country(self) -> Self:
        if self.kind == "country" and not (len(self.key) == 2 and self.key.isalpha() and self.key.isupper()):
            raise PydanticCustomError("country", "key must be an ISO 3166-1 alpha-2 code in capitals, such as DE")
        return self

    def record(self) -> DeliveryHold:
        return DeliveryHold(self.kind, self.key, self.reason)


MODELS: dict[str, type[CustomerIn | ProductIn | HoldIn]] = {
    "customers": CustomerIn,
    "products": ProductIn,
    "holds": HoldIn,
}


def explained(error: ValidationError) -> list[tuple[str, str]]:
    """(field, what is wrong and how to fix it) for every wrong field."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [(_path(item), _WORDS.get(item["type"], item["msg"])) for item in found]


def _path(item: ErrorDetails) -> str:
    parts: list[Any] = [part for part in item["loc"] if part != "[key]"]
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")[:200]
