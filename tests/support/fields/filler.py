"""Orders with every field set, made from the JSON model itself: a field added there is filled without a word."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from chalicelib.domain.countries import COUNTRIES
from chalicelib.domain.money import MINOR_UNITS, Money
from chalicelib.orders import payload
from chalicelib.orders.keys import lost_value

TEXT = string.ascii_letters + string.digits + "äß-_.,;:/'\"&()+"
"""What ERPs write, with the characters that mean something in a file."""

MAX_IN_A_LIST = 3


def _decimals(most: int, places: int) -> st.SearchStrategy[str]:
    return st.integers(0, most * 10**places).map(lambda number: format(Decimal(number).scaleb(-places), "f"))


def _times() -> st.SearchStrategy[str]:
    zones = st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=30))])
    years = datetime(2001, 1, 1), datetime(2026, 12, 31)  # noqa: DTZ001 -- hypothesis adds the zone
    return st.datetimes(*years, timezones=zones).map(datetime.isoformat)


BY_VALIDATOR: dict[Callable[..., Any], Callable[[], st.SearchStrategy[Any]]] = {
    payload._currency: lambda: st.sampled_from(sorted(MINOR_UNITS)),
    payload._country: lambda: st.sampled_from(sorted(COUNTRIES)),
    payload._timestamp: _times,
    payload._rate: lambda: _decimals(1, 4),
    payload._price: lambda: _decimals(1000, 4),
    payload._decimal: lambda: _decimals(1000, 0),
    payload._key: lambda: st.text(TEXT, min_size=1, max_size=40).filter(lambda text: not lost_value(text)),
}
"""What only a validator says of a field; the first of these that a field has decides."""


def orders() -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects that `POST /orders` takes, with every field that it knows, of the source sap-emea."""
    return _object(payload.OrderIn).map(_agreeing)


def _agreeing(order: dict[str, Any]) -> dict[str, Any]:
    """With what the fields must have in common: a token goes with card, a total has the decimals of its currency."""
    total = Money(int(order["total"]), order["currency"])
    return {
        **order,
        "source": "sap-emea",
        "total": total.amount,
        "lines": [{**line, "line": number} for number, line in enumerate(order["lines"], start=1)],
        "payment": {**order["payment"], "method": "card"},
    }


def _object(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            name: _strategy(info.annotation, info.metadata, f"{model.__name__}.{name}")
            for name, info in model.model_fields.items()
        }
    )


def _strategy(annotation: Any, said: Sequence[Any], where: str) -> st.SearchStrategy[Any]:
    """`said`: constraints and validators, as pydantic keeps them beside the type."""
    if NoneType in get_args(annotation):
        (annotation,) = (kind for kind in get_args(annotation) if kind is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        said = [*said, *_flat(more)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _object(annotation)
    if get_origin(annotation) is list:
        return st.lists(_strategy(get_args(annotation)[0], (), where), min_size=1, max_size=MAX_IN_A_LIST)
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    validators = {each.func for each in said if isinstance(each, AfterValidator | BeforeValidator)}
    for function in BY_VALIDATOR:
        if function in validators:
            return BY_VALIDATOR[function]()
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(_said(said, "ge", 0), _said(said, "le", 1000))
    if annotation is str:
        return _text(said)
    raise TypeError(f"{where}: teach tests/support/fields/filler.py to fill {annotation}")


def _text(said: Sequence[Any]) -> st.SearchStrategy[str]:
    pattern = _said(said, "pattern", None)
    if pattern is not None:
        return st.from_regex(pattern.removesuffix("$") + r"\Z", alphabet=string.ascii_letters + string.digits + "-_")
    return st.text(TEXT, min_size=_said(said, "min_length", 1), max_size=min(_said(said, "max_length", 40), 40))


def _said(said: Sequence[Any], name: str, default: Any) -> Any:
    found = (getattr(each, name, None) for each in said)
    return next((value for value in found if value is not None), default)


def _flat(said: Iterable[Any]) -> Iterator[Any]:
    for each in said:
        yield each
        if isinstance(each, FieldInfo):
            yield from each.metadata
