"""Files that were damaged at random, what was meant by them, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.support.files import damage
from tests.support.files.damage import (
    END,
    INVISIBLE,
    SEPARATOR,
    VISIBLE,
    Damage,
    Style,
    below_header,
    rows_of,
    text_of,
)
from tests.support.files.reading import Outcome, meaning, outcome_of

MOVES_ROWS = (damage.swapped, damage.interleaved)
HARMLESS_TO_NUMBERS = (damage.long_line, damage.blank_lines, damage.respelled_key)
FURTHER_ROWS = ("repeat", "carry", "blank", "kinds", "bare-kinds")


@dataclass(frozen=True)
class Damaged:
    """A file, what was meant (by order number), and what became of it."""

    style: Style
    text: str
    meant: dict[str, dict[str, str]]
    outcome: Outcome

    @property
    def lines(self) -> int:
        """Physical ones; the last may have no end."""
        return self.text.count(END) + (not self.text.endswith(END))

    def wrong(self) -> list[str]:
        """Orders that would run with another content than was meant. With a total that does not agree none runs."""
        runs = (order for order in self.outcome.accepted if order.total in order.possible_totals())
        with_line = self.style.with_line
        return [order.external_id for order in runs if self.meant.get(order.external_id) != meaning(order, with_line)]

    def unnamed(self) -> list[int]:
        """Lines of orders that are not taken, and that the report does not name."""
        taken = {order.external_id for order in self.outcome.accepted}
        missing = [text for number, order in self.meant.items() if number not in taken for text in order.values()]
        skus = [f";{text};" for text in missing if text.startswith("SKU-")]
        lines = enumerate(self.text.split(END), 1)
        mentioned = (number for number, line in lines if any(sku in line for sku in skus))
        return [number for number in mentioned if not self.outcome.names(number)]


def proven_by_rows(random: Random) -> tuple[Random, Style, list[Damage]]:
    """Damages that leave every row in the file, one or two of them."""
    style = Style(random.choice(FURTHER_ROWS), random.random() < 0.5, random.random() < 0.5)
    damages = [random.choice(VISIBLE) for _ in range(random.choice((1, 1, 2)))]
    # Where further rows have no number, the place of a row alone says to which order it belongs; and a row that was
    # moved and whose number was damaged besides may be of any order. There only sums tell.
    if not style.has_own_numbers or not set(damages) <= {*MOVES_ROWS, *HARMLESS_TO_NUMBERS}:
        damages = [each for each in damages if each not in MOVES_ROWS]
    return random, style, damages


def proven_by_totals(random: Random) -> tuple[Random, Style, list[Damage]]:
    """Any damages, up to three of them, in a file whose orders have totals, and numbers of one form."""
    style = Style(random.choice(FURTHER_ROWS), True, random.random() < 0.5, with_pattern=True)
    return random, style, [random.choice(VISIBLE + INVISIBLE) for _ in range(random.choice((1, 1, 2, 3)))]


def proven_by_trailer(random: Random) -> tuple[Random, Style, list[Damage]]:
    """Any damages, up to three of them, in a file that ends with what must be in it."""
    style = Style(random.choice(FURTHER_ROWS), random.random() < 0.5, random.random() < 0.5, with_trailer=True)
    damages = [random.choice(VISIBLE + INVISIBLE) for _ in range(random.choice((1, 1, 2, 3)))]
    return random, style, [each for each in damages if style.has_own_numbers or each not in MOVES_ROWS]


def damaged(random: Random, style: Style, damages: list[Damage]) -> Damaged:
    """A file of one to six orders after all of these."""
    text = text_of(rows_of(random, random.randint(1, 6), style))
    meant = outcome_of(text.encode(), style.mapping)
    assert meant.accepted, meant
    assert not meant.invalid, meant
    for done in damages:
        text = done(random, text) if text.count(SEPARATOR, below_header(text)) else text
    outcome = outcome_of(text.encode("utf-8", "surrogateescape"), style.mapping)
    meanings = {order.external_id: meaning(order, style.with_line) for order in meant.accepted}
    return Damaged(style, text, meanings, outcome)
