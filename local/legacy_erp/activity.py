"""What an ERP does to its tables over time: late commits, batches within one second, edits, deletions.

Everything is decided here from a random source; `database.py` carries it out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from local.legacy_erp.orders import ErpOrder, OrderDesk

LONGEST_TRANSACTION = timedelta(seconds=90)
"""From the stamp to the commit that makes it visible; the overlap of the source file must be longer."""

SPREAD = timedelta(seconds=60)
"""The stamps of one call lie within this time."""


class Act(Enum):
    """What a transaction does."""

    ENTER = auto()
    ENTER_WITHOUT_LINES = auto()
    ADD_LINES = auto()
    CHANGE_NOTE = auto()
    CHANGE_QUANTITY = auto()
    MARK_DELETED = auto()
    DELETE = auto()


@dataclass(frozen=True, slots=True)
class Transaction:
    """Orders changed together, visible from `commits_at` on."""

    commits_at: datetime
    act: Act
    orders: tuple[ErpOrder, ...]


def working_time(desk: OrderDesk, first_number: int, count: int, start: datetime, seed: int) -> list[Transaction]:
    """The transactions that enter and handle `count` orders from `start` (UTC) on, in the order of their commits.

    The same arguments give the same transactions.
    """
    chance = random.Random(f"{seed}:{first_number}:{count}")
    transactions: list[Transaction] = []
    number = first_number
    while number < first_number + count:
        at = start + timedelta(seconds=chance.randrange(int(SPREAD.total_seconds())))
        left = first_number + count - number
        size = min(left, chance.randint(5, 15)) if chance.random() < 0.1 else 1
        orders = tuple(desk.enter(number + i, at, chance) for i in range(size))
        transactions += _entered(orders, at, chance)
        number += size
    return sorted(transactions, key=lambda t: (t.commits_at, t.orders[0].number, t.act.value))


def _entered(orders: tuple[ErpOrder, ...], at: datetime, chance: random.Random) -> Iterator[Transaction]:
    """A batch import of several orders in one second, or one order and what its clerk does to it afterwards."""
    if len(orders) > 1:
        yield Transaction(at + _seconds(chance, 1, 5), Act.ENTER, orders)
        return
    kind = chance.random()
    if kind < 0.10:
        longest = LONGEST_TRANSACTION.total_seconds()
        yield Transaction(at + _seconds(chance, 10, longest), Act.ENTER, orders)
    elif kind < 0.15:
        visible = at + _seconds(chance, 0.1, 1)
        yield Transaction(visible, Act.ENTER_WITHOUT_LINES, orders)
        yield Transaction(visible + _seconds(chance, 2, 20), Act.ADD_LINES, orders)
    else:
        yield Transaction(at + _seconds(chance, 0.1, 1), Act.ENTER, orders)
    yield from _afterwards(orders[0], at + LONGEST_TRANSACTION, chance)


def _afterwards(order: ErpOrder, entered: datetime, chance: random.Random) -> Iterator[Transaction]:
    acts = (Act.CHANGE_NOTE, Act.CHANGE_QUANTITY, Act.MARK_DELETED, Act.DELETE)
    act = chance.choices((None, *acts), weights=(93, 3, 2, 1, 1))[0]
    if act is None:
        return
    at = entered + _seconds(chance, 5, 60)
    changed = replace(order, stamped_at=at)
    if act is Act.CHANGE_NOTE:
        changed = replace(changed, note="neu: Abholung durch Spedition")
    elif act is Act.CHANGE_QUANTITY:
        first = order.lines[0]
        changed = replace(changed, lines=(replace(first, pieces=first.pieces + 1), *order.lines[1:]))
    yield Transaction(at, act, (changed,))


def _seconds(chance: random.Random, least: float, most: float) -> timedelta:
    return timedelta(seconds=chance.uniform(least, most))
