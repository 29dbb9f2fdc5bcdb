"""An order of a CSV file is handed over exactly as it was meant, or not at all, and the report names its lines."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.support.files import damage
from tests.support.files.damage import END, INVISIBLE, SEPARATOR, VISIBLE, Damage, Style, below_header, rows_of, text_of
from tests.support.files.reading import Outcome, meaning, outcome_of

MOVES_ROWS = (damage.swapped, damage.interleaved)


@dataclass(frozen=True)
class Damaged:
    """A file, what was meant, and what became of it."""

    style: Style
    text: str
    meant: dict[str, dict[str, str]]
    outcome: Outcome

    def wrong(self) -> list[str]:
        """Orders that would run with another content than was meant. With a total that does not agree none runs."""
        runs = (order for order in self.outcome.accepted if order.total in order.possible_totals())
        with_line = self.style.with_line
        return [order.external_id for order in runs if self.meant.get(order.external_id) != meaning(order, with_line)]

    def unnamed(self) -> list[int]:
        """Lines of orders that are not taken, and that the report does not name."""
        taken = {order.external_id for order in self.outcome.accepted}
        lines = dict(enumerate(self.text.split(END), 1))
        missing = [text for number, order in self.meant.items() if number not in taken for text in order.values()]
        skus = [f";{text};" for text in missing if text.startswith("SKU-")]
        mentioned = (number for number, line in lines.items() if any(sku in line for sku in skus))
        return [number for number in mentioned if not self.outcome.names(number)]


def damaged(seed: int, style: Style, damages: tuple[Damage, ...]) -> Damaged:
    random = Random(seed)
    whole = text_of(rows_of(random, random.randint(1, 6), style))
    meant = outcome_of(whole.encode(), style.mapping)
    assert not meant.invalid, meant
    text = whole
    for done in damages:
        text = done(random, text) if text.count(SEPARATOR, below_header(text)) else text
    outcome = outcome_of(text.encode("utf-8", "surrogateescape"), style.mapping)
    meanings = {order.external_id: meaning(order, style.with_line) for order in meant.accepted}
    return Damaged(style, text, meanings, outcome)


styles = st.builds(Style, st.sampled_from(["repeat", "carry", "blank"]), st.booleans(), st.booleans())


@given(st.integers(0, 2**32), styles, st.lists(st.sampled_from(VISIBLE), min_size=1, max_size=2).map(tuple))
def test_rows_that_were_damaged_make_no_order_wrong(seed: int, style: Style, damages: tuple[Damage, ...]) -> None:
    if style.further_rows == "blank":  # there, the place of a row alone says to which order it belongs
        damages = tuple(each for each in damages if each not in MOVES_ROWS)
    found = damaged(seed, style, damages)
    assert not found.wrong(), found
    assert not found.unnamed(), found
    assert found.outcome.refused or found.outcome.tally.lines == len(found.text.splitlines())


@given(st.integers(0, 2**32), styles, st.lists(st.sampled_from(VISIBLE + INVISIBLE), min_size=1, max_size=3).map(tuple))
def test_with_the_totals_of_the_orders_no_row_can_be_lost_or_doubled(
    seed: int, style: Style, damages: tuple[Damage, ...]
) -> None:
    found = damaged(seed, Style(style.further_rows, with_total=True, with_line=style.with_line), damages)
    assert not found.wrong(), found
