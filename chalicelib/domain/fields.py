"""The fields of a domain class, read off the class itself: channels of an order are made of them or held to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field: `kind` is its type, or that of its elements if there may be `many`; an `optional` one has a default."""

    name: str
    kind: type
    optional: bool
    many: bool = False

    @property
    def is_nested(self) -> bool:
        """Has fields of its own."""
        return is_dataclass(self.kind) and self.kind is not Money


@cache
def fields_of(cls: type) -> tuple[FieldSpec, ...]:
    """The fields of a dataclass, in their order. Raises TypeError for a type that no channel could carry."""
    hints = get_type_hints(cls)
    return tuple(_spec(cls, field, hints[field.name]) for field in fields(cls))


def leaves_of(cls: type) -> dict[str, FieldSpec]:
    """Path (`ship_to.name`) -> field, for all that have no fields of their own and stand in no list.

    What lies within an optional field is optional.
    """
    return dict(_leaves(cls, "", False))


def _leaves(cls: type, prefix: str, optional: bool) -> Iterator[tuple[str, FieldSpec]]:
    for spec in fields_of(cls):
        may_be_absent = optional or spec.optional
        if spec.is_nested and not spec.many:
            yield from _leaves(spec.kind, f"{prefix}{spec.name}.", may_be_absent)
        elif not spec.many:
            yield prefix + spec.name, replace(spec, optional=may_be_absent)


def _spec(cls: type, field: Field[Any], hint: Any) -> FieldSpec:
    optional = field.default is not MISSING or field.default_factory is not MISSING
    kind, many = _without_none(hint), False
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        kind, many = get_args(kind)[0], True
    if not isinstance(kind, type):
        raise TypeError(f"{cls.__name__}.{field.name}: {hint} is no type that the channels of an order can carry")
    return FieldSpec(field.name, kind, optional, many)


def _without_none(hint: Any) -> Any:
    """`X` of `X | None`."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 and NoneType in get_args(hint) else hint
