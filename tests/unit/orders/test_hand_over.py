"""From a model of the JSON to a class of the domain, in every form of a field: nested, in lists, left out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from chalicelib.domain.money import Money
from chalicelib.orders.hand_over import hand_over


@dataclass(frozen=True, slots=True)
class Charge:
    kind: str
    amount: Money
    tax_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Contact:
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    number: str
    charges: tuple[Charge, ...]
    contact: Contact
    other_contact: Contact | None = None
    notes: tuple[str, ...] = ()
    priority: int = 5


class ChargeIn(BaseModel):
    kind: str
    amount: Decimal
    tax_rate: Decimal | None = None


class ContactIn(BaseModel):
    name: str


class DocumentIn(BaseModel):
    number: str
    charges: list[ChargeIn]
    contact: ContactIn
    other_contact: ContactIn | None = None
    notes: list[str] | None = None
    priority: int | None = None


FULL: dict[str, Any] = {
    "number": "D-1",
    "charges": [{"kind": "freight", "amount": "4.50", "tax_rate": "0.2"}, {"kind": "insurance", "amount": "1"}],
    "contact": {"name": "Ana"},
    "other_contact": {"name": "Ben"},
    "notes": ["at noon", "by the back door"],
    "priority": 1,
}


def made(**json: Any) -> Document:
    return hand_over(DocumentIn, Document)(DocumentIn.model_validate(json), "EUR")


def test_every_field_at_every_level() -> None:
    charges = (Charge("freight", Money(450, "EUR"), Decimal("0.2")), Charge("insurance", Money(100, "EUR")))
    notes = ("at noon", "by the back door")
    assert made(**FULL) == Document("D-1", charges, Contact("Ana"), Contact("Ben"), notes, 1)


def test_what_is_left_out_is_the_domains_default() -> None:
    left = made(**{name: FULL[name] for name in ("number", "contact")}, charges=[])
    assert left == Document("D-1", (), Contact("Ana"))


def test_the_model_itself_stays_as_it_was() -> None:
    form = DocumentIn.model_validate(FULL)
    before = form.model_copy(deep=True)
    hand_over(DocumentIn, Document)(form, "EUR")
    assert form == before


class TooMuch(ContactIn):
    phone: str


class Optional(BaseModel):
    name: str = ""


class TooMuchWithin(DocumentIn):
    contact: TooMuch


class Choice(DocumentIn):
    contact: ContactIn | TooMuch


@pytest.mark.parametrize(
    ("model", "domain", "said"),
    [
        (TooMuch, Contact, "only one of TooMuch and Contact has: phone"),
        (ContactIn, Charge, "only one of ContactIn and Charge has: amount, kind, name, tax_rate"),
        (Optional, Contact, "name is optional in only one of Optional and Contact"),
        (TooMuchWithin, Document, "only one of TooMuch and Contact has: phone"),
        (Choice, Document, "is not one model, a list of one, or one that may be left out"),
    ],
)
def test_what_disagrees_is_refused_before_there_is_an_order(model: type[BaseModel], domain: type, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        hand_over(model, domain)
