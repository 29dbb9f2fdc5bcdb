"""From a model of the JSON to a class of the domain: every field by its name, at every level.

Compiled when the process starts, and refused then if one of the two has a field that the other lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import NoneType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel

from chalicelib.domain.fields import FieldSpec, fields_of
from chalicelib.domain.money import Money

Made = TypeVar("Made")
Convert = Callable[[Any, str], Any]
"""Takes the value and the currency of the order."""


def hand_over(model: type[BaseModel], domain: type[Made]) -> Callable[[BaseModel, str], Made]:
    """What makes a `domain` of a valid `model` and the order's currency.

    Lists become tuples, decimals become Money where the domain has Money; None leaves the domain's default. Raises
    TypeError if the two do not have the same fields, or do not agree on which may be left out.
    """
    described: type = domain
    specs = fields_of(described)
    _ensure_alike(model, described, specs)
    may_be_absent = any(spec.optional for spec in specs)
    converts = [(spec.name, convert) for spec in specs if (convert := _convert(model, spec)) is not None]

    if not may_be_absent and not converts:  # as the lines, of which there are many
        return lambda form, currency: domain(**form.__dict__)

    def made(form: BaseModel, currency: str) -> Made:
        values = form.__dict__
        if may_be_absent:
            values = {name: value for name, value in values.items() if value is not None}
        else:
            values = values.copy()
        for name, convert in converts:
            if name in values:
                values[name] = convert(values[name], currency)
        return domain(**values)

    return made


def _ensure_alike(model: type[BaseModel], domain: type, specs: tuple[FieldSpec, ...]) -> None:
    unlike = {spec.name for spec in specs} ^ model.model_fields.keys()
    if unlike:
        raise TypeError(f"only one of {model.__name__} and {domain.__name__} has: {', '.join(sorted(unlike))}")
    for spec in specs:
        if spec.optional == model.model_fields[spec.name].is_required():
            raise TypeError(f"{spec.name} is optional in only one of {model.__name__} and {domain.__name__}")


def _convert(model: type[BaseModel], spec: FieldSpec) -> Convert | None:
    if spec.kind is Money:
        return _money
    if not spec.is_nested:
        return _tuple if spec.many else None
    inner: Convert = hand_over(_model_in(model.model_fields[spec.name].annotation), spec.kind)
    if not spec.many:
        return inner
    return lambda forms, currency: tuple([inner(form, currency) for form in forms])


def _money(amount: Decimal, currency: str) -> Money:
    return Money.parse(format(amount, "f"), currency)


def _tuple(values: list[Any], currency: str) -> tuple[Any, ...]:
    return tuple(values)


def _model_in(annotation: Any) -> type[BaseModel]:
    """`LineIn` of `list[LineIn]`, `AddressIn` of `AddressIn | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [inner for inner in get_args(annotation) if inner is not NoneType]
    if len(found) != 1:
        raise TypeError(f"{annotation} is not one model, a list of one, or one that may be left out")
    return _model_in(found[0])
