"""What an order holds of the stock: every move of the small state machine, and that no piece is lost on any way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Reason
from chalicelib.domain.reservation import Reservation, ReservationState, shortages

WANTED = {"C": 3, "A": 1, "B": 2}

NEW = Reservation("o-1")
PART = NEW.take({"A": 1}, completes=False)
MORE = PART.take({"B": 2}, completes=False)
RESERVED = MORE.take({"C": 3}, completes=True)
RETURNING = RESERVED.give_back({"A": 1})
RELEASED = RETURNING.give_back({"B": 2, "C": 3})

MOVES: list[tuple[str, Reservation, Reservation]] = [
    ("nothing yet", NEW, Reservation("o-1", 0, ReservationState.TAKING, {}, {}, chunks=0)),
    ("a part", PART, Reservation("o-1", 1, ReservationState.TAKING, {"A": 1}, {}, chunks=1)),
    ("another part", MORE, Reservation("o-1", 2, ReservationState.TAKING, {"A": 1, "B": 2}, {}, chunks=2)),
    (
        "the last part",
        RESERVED,
        Reservation("o-1", 3, ReservationState.RESERVED, {"A": 1, "B": 2, "C": 3}, {}, chunks=3),
    ),
    (
        "all at once",
        NEW.take({"A": 1, "B": 2}, completes=True),
        Reservation("o-1", 1, ReservationState.RESERVED, {"A": 1, "B": 2}, {}, chunks=1),
    ),
    (
        "a part of an unfinished one put back",
        MORE.put_back({"A": 1}),
        Reservation("o-1", 3, ReservationState.TAKING, {"B": 2}, {}, chunks=2),
    ),
    (
        "all of an unfinished one put back",
        MORE.put_back({"A": 1, "B": 2}),
        Reservation("o-1", 3, ReservationState.TAKING, {}, {}, chunks=0),
    ),
    (
        "taken again after it was put back",
        MORE.put_back({"A": 1, "B": 2}).take({"A": 1}, completes=False),
        Reservation("o-1", 4, ReservationState.TAKING, {"A": 1}, {}, chunks=1),
    ),
    (
        "a part given back",
        RETURNING,
        Reservation("o-1", 4, ReservationState.RETURNING, {"B": 2, "C": 3}, {"A": 1}, chunks=3),
    ),
    (
        "all given back",
        RELEASED,
        Reservation("o-1", 5, ReservationState.RELEASED, {}, {"A": 1, "B": 2, "C": 3}, chunks=3),
    ),
    (
        "an unfinished one given back",
        PART.give_back({"A": 1}),
        Reservation("o-1", 2, ReservationState.RELEASED, {}, {"A": 1}, chunks=1),
    ),
    (
        "nothing given back, for good",
        NEW.give_back({}),
        Reservation("o-1", 1, ReservationState.RELEASED, {}, {}, chunks=0),
    ),
]


@pytest.mark.parametrize(("title", "found", "expected"), MOVES, ids=[title for title, _, _ in MOVES])
def test_every_move(title: str, found: Reservation, expected: Reservation) -> None:
    assert found == expected


@pytest.mark.parametrize(
    ("reservation", "can_take"),
    [(NEW, True), (PART, True), (RESERVED, False), (RETURNING, False), (RELEASED, False)],
    ids=["new", "taking", "reserved", "returning", "released"],
)
def test_only_an_unfinished_reservation_can_take(reservation: Reservation, can_take: bool) -> None:
    assert reservation.can_take == can_take


BUGS: list[tuple[str, Callable[[], Reservation], str]] = [
    ("take twice", lambda: PART.take({"A": 1}, completes=False), "o-1 would hold a SKU twice"),
    ("take after the last part", lambda: RESERVED.take({"D": 1}, completes=True), "o-1: RESERVED cannot take"),
    ("take while it is given back", lambda: RETURNING.take({"D": 1}, completes=False), "o-1: RETURNING cannot take"),
    ("take after the release", lambda: RELEASED.take({"A": 1}, completes=True), "o-1: RELEASED cannot take"),
    ("put back what is reserved", lambda: RESERVED.put_back({"A": 1}), "o-1: RESERVED is not undone but released"),
    ("put back after the release", lambda: RELEASED.put_back({}), "o-1: RELEASED is not undone but released"),
    ("put back more", lambda: PART.put_back({"A": 2}), "o-1 holds less"),
    ("put back less", lambda: MORE.put_back({"B": 1}), "o-1 holds less"),
    ("put back something else", lambda: PART.put_back({"B": 2}), "o-1 holds less"),
    ("put back what is held and something else", lambda: PART.put_back({"A": 1, "B": 2}), "o-1 holds less"),
    ("give back twice", lambda: RETURNING.give_back({"A": 1}), "o-1 holds less"),
    ("give back after the release", lambda: RELEASED.give_back({}), "o-1 is released already"),
]


@pytest.mark.parametrize(("title", "move", "says"), BUGS, ids=[title for title, _, _ in BUGS])
def test_what_must_never_happen_is_a_bug(title: str, move: Callable[[], Reservation], says: str) -> None:
    with pytest.raises(AssertionError) as raised:
        move()
    assert str(raised.value) == says


@pytest.mark.parametrize(
    ("reservation", "missing"),
    [(NEW, ["A", "B", "C"]), (PART, ["B", "C"]), (MORE, ["C"]), (RESERVED, [])],
    ids=["all", "two", "one", "none"],
)
def test_what_is_missing_is_taken_in_the_same_order_by_all(reservation: Reservation, missing: list[str]) -> None:
    assert list(reservation.missing(WANTED).items()) == [(sku, WANTED[sku]) for sku in missing]


@given(
    st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(1, 9), min_size=1),
    st.lists(st.sampled_from(["take", "put back", "give back"]), max_size=20),
    st.integers(1, 3),
)
def test_no_piece_is_lost_or_doubled_on_any_way(wanted: dict[str, int], moves: list[str], size: int) -> None:
    """Chunks of `size` SKUs go to and fro; the shelf and the order together have what the shelf had."""
    reservation, shelf = NEW, Counter(wanted)
    for move in moves:
        before, missing = reservation, reservation.missing(wanted)
        if move == "take" and reservation.can_take and missing:
            chunk = {sku: missing[sku] for sku in list(missing)[:size]}
            reservation = reservation.take(chunk, completes=len(chunk) == len(missing))
            shelf.subtract(chunk)
        elif move != "take" and reservation.held:
            chunk = {sku: reservation.held[sku] for sku in list(reservation.held)[:size]}
            if move == "put back" and not reservation.can_take:
                continue
            reservation = reservation.put_back(chunk) if move == "put back" else reservation.give_back(chunk)
            shelf.update(chunk)
        else:
            continue
        assert reservation.revision == before.revision + 1
        assert {sku: shelf[sku] + reservation.held.get(sku, 0) for sku in wanted} == wanted
        assert not reservation.held.keys() & reservation.returned.keys()
        assert (reservation.state is ReservationState.RESERVED) == (
            reservation.held == wanted and not reservation.returned
        )
        assert (reservation.state is ReservationState.RELEASED) == (not reservation.held and move == "give back")


@pytest.mark.parametrize(("there", "short"), [(4, False), (3, False), (2, True), (0, True), (None, True)])
def test_a_sku_is_short_if_less_is_there_than_wanted(there: int | None, short: bool) -> None:
    assert bool(shortages({"A": 3}, {"A": there})) == short


def test_what_is_not_wanted_is_not_short() -> None:
    assert shortages({"A": 0, "B": 0}, {"A": 0}) == ()


def test_every_short_sku_is_named_with_both_numbers_in_order() -> None:
    assert shortages({"C": 3, "B": 2, "A": 1, "NEW": 1}, {"A": 0, "B": 2, "C": 2, "D": 0}) == (
        Reason("insufficient_stock", "SKU A: 1 ordered, 0 available", "lines"),
        Reason("insufficient_stock", "SKU C: 3 ordered, 2 available", "lines"),
        Reason("insufficient_stock", "SKU NEW: 1 ordered, 0 available", "lines"),
    )
