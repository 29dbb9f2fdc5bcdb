"""Orders for load: as many as wanted, 95 of 100 right, each with the outcome expected of it.

Order number n of a seed depends on nothing but the two, so a part of a stream can be made again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import count as numbers
from itertools import islice

from chalicelib.domain.reference import Customer, Product
from local.sample import catalogue
from local.sample.draft import OPENING, Draft, product_of
from local.sample.expectation import SampleOrder, confirmed, rejected

MISTAKES_PER_1000 = 50
ON_ACCOUNT_PER_1000 = 160
"""Of the orders whose customer has a credit in their currency: about half."""
NEGOTIATED_PER_1000 = 100
BESTSELLERS = ("WIDGET-1", "GLOVE-NIT-9", "DISC-125-1", "BOLT-M8-30", "SPRAY-MULTI-500", "BRG-6204-2RS")
BESTSELLERS_PER_1000 = 250
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_visa_debit", "pm_card_jcb")
LINES = (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 12, 25)
"""How many lines an order has; each as likely as it stands here."""

SPECIAL_CUSTOMERS = frozenset({"C-1034", "C-1035", "C-1036", "C-1037"})
"""Customers that the tour needs as they are."""


def stream(seed: int, count: int | None = None) -> Iterator[SampleOrder]:
    """`count` orders, or endlessly many; other seeds give other order numbers."""
    return (order_at(seed, number) for number in islice(numbers(), count))


def order_at(seed: int, number: int) -> SampleOrder:
    """Order `number`, from 0, of this seed."""
    chance = random.Random(f"{seed}:{number}")
    draft = _draft(f"SO-{seed}-{number:06}", number, chance)
    if chance.randrange(1000) < MISTAKES_PER_1000:
        return chance.choice(_MISTAKES)(draft)
    paid = "on account" if draft.on_account else "by card"
    return confirmed(draft, f"{len(draft.items)} lines in {draft.currency}, {paid}")


def _draft(external_id: str, number: int, chance: random.Random) -> Draft:
    customer = chance.choice(_customers())
    currency = chance.choice(customer.currencies)
    articles = _articles(currency)
    items = {product.sku: _pieces(product, chance) for product in chance.sample(articles, chance.choice(LINES))}
    if chance.randrange(1000) < BESTSELLERS_PER_1000:
        product = product_of(chance.choice(BESTSELLERS))
        if product in articles:
            items[product.sku] = _pieces(product, chance)
    has_credit = customer.credit_limit is not None and customer.credit_limit.currency == currency
    negotiates = customer.price_tolerance > 0 and chance.randrange(1000) < NEGOTIATED_PER_1000
    return Draft(
        external_id,
        customer.customer_id,
        tuple(items.items()),
        currency=currency,
        token=chance.choice(CARDS),
        on_account=has_credit and chance.randrange(1000) < ON_ACCOUNT_PER_1000,
        price_factor=1 - customer.price_tolerance / 2 if negotiates else Decimal(1),
        ordered_at=OPENING + timedelta(seconds=number),
    )


def _pieces(product: Product, chance: random.Random) -> int:
    """Bolts are ordered by the hundred, machines one by one."""
    price = product.prices["EUR"]
    if price < 1:
        return 50 * chance.randint(1, 10)
    return chance.randint(1, 40 if price < 20 else 10 if price < 100 else 3)


@cache
def _customers() -> tuple[Customer, ...]:
    return tuple(c for c in catalogue.customers() if c.active and c.customer_id not in SPECIAL_CUSTOMERS)


@cache
def _articles(currency: str) -> tuple[Product, ...]:
    """What is sold in that currency and never runs out."""
    held, stock = {hold.key for hold in catalogue.holds()}, catalogue.stock()
    plenty = (p for p in catalogue.products() if stock.get(p.sku, 0) >= 100_000 and p.sku not in held)
    return tuple(p for p in plenty if p.active and p.prices.get(currency))


def _with_item(draft: Draft, sku: str, pieces: int) -> Draft:
    return replace(draft, items=(*draft.items, (sku, pieces)))


def _by_card(draft: Draft, token: str) -> Draft:
    return replace(draft, on_account=False, token=token)


_MISTAKES: tuple[Callable[[Draft], SampleOrder], ...] = (
    lambda d: rejected(replace(d, customer_id="C-9999"), "unknown_customer", "an unknown customer"),
    lambda d: rejected(_with_item(d, "WIDGET-99", 1), "unknown_sku", "an unknown article"),
    lambda d: rejected(_with_item(d, "GADGET-6", 1), "discontinued_sku", "a discontinued article"),
    lambda d: rejected(replace(d, price_factor=Decimal("1.20")), "price_out_of_tolerance", "20 % too dear"),
    lambda d: rejected(replace(d, total_off=1), "total_mismatch", "a wrong total"),
    lambda d: rejected(_with_item(d, "COMPRESSOR-50", 1), "insufficient_stock", "sold out"),
    lambda d: rejected(
        _by_card(d, "pm_card_visa_chargeDeclined"), "card_declined.generic_decline", "the bank refuses the card"
    ),
    lambda d: rejected(
        _by_card(d, "pm_card_visa_chargeDeclinedInsufficientFunds"),
        "card_declined.insufficient_funds",
        "not enough money on the card",
    ),
    lambda d: rejected(replace(d, country="KP"), "delivery_hold", "a country under embargo"),
)
