"""The fields of a class as its channels see them, for every form that a field may have, and none that it may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pytest

from chalicelib.domain.fields import FieldSpec, fields_of, leaves_of
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent


@dataclass(frozen=True, slots=True)
class Place:
    city: str
    country: str = "DE"


@dataclass(frozen=True, slots=True)
class Stop:
    place: Place
    number: int


@dataclass(frozen=True, slots=True)
class Journey:
    name: str
    price: Money
    begin: Place
    stops: tuple[Stop, ...]
    left_at: datetime | None
    discount: Decimal | None = None
    tags: tuple[str, ...] = field(default_factory=tuple)
    end: Place | None = None
    last: Stop = field(default_factory=lambda: Stop(Place("Hamburg"), 1))


def test_every_form_of_a_field() -> None:
    assert fields_of(Journey) == (
        FieldSpec("name", str, optional=False),
        FieldSpec("price", Money, optional=False),
        FieldSpec("begin", Place, optional=False),
        FieldSpec("stops", Stop, optional=False, many=True),
        FieldSpec("left_at", datetime, optional=False),
        FieldSpec("discount", Decimal, optional=True),
        FieldSpec("tags", str, optional=True, many=True),
        FieldSpec("end", Place, optional=True),
        FieldSpec("last", Stop, optional=True),
    )


def test_what_has_fields_of_its_own_is_nested_but_for_money() -> None:
    assert [spec.name for spec in fields_of(Journey) if spec.is_nested] == ["begin", "stops", "end", "last"]


def test_the_leaves_and_what_of_them_may_be_absent() -> None:
    """Not what stands in a list; within what may be absent, everything may be."""
    assert {path: (spec.name, spec.kind, spec.optional) for path, spec in leaves_of(Journey).items()} == {
        "name": ("name", str, False),
        "price": ("price", Money, False),
        "begin.city": ("city", str, False),
        "begin.country": ("country", str, True),
        "left_at": ("left_at", datetime, False),
        "discount": ("discount", Decimal, True),
        "end.city": ("city", str, True),
        "end.country": ("country", str, True),
        "last.place.city": ("city", str, True),
        "last.place.country": ("country", str, True),
        "last.number": ("number", int, True),
    }


@dataclass
class Choice:
    either: int | str


@dataclass
class OptionalChoice:
    either: int | str | None


@dataclass
class Pair:
    two: tuple[int, int]


@dataclass
class Listed:
    some: list[int]


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (Choice, "Choice.either: int | str is no type that the channels of an order can carry"),
        (
            OptionalChoice,
            "OptionalChoice.either: int | str | None is no type that the channels of an order can carry",
        ),
        (Pair, "Pair.two: tuple[int, int] is no type that the channels of an order can carry"),
        (Listed, "Listed.some: list[int] is no type that the channels of an order can carry"),
    ],
)
def test_a_type_that_no_channel_could_carry_is_refused_by_name(cls: type, says: str) -> None:
    with pytest.raises(TypeError) as raised:
        fields_of(cls)
    assert str(raised.value) == says


def test_an_order_can_be_carried() -> None:
    leaves = leaves_of(OrderContent)
    assert {"source", "external_id", "total", "payment.method", "ship_to.country"} <= leaves.keys()
    assert not any(spec.is_nested for spec in leaves.values())
