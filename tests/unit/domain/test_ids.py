"""Ids are stored and come back in later releases: the same parts give the same id for ever."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import ALPHABET, hashed_id, is_order_id

PARTS = st.lists(st.text("abAB01-#/ äß€😀", max_size=20), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("prefix", "parts", "expected"),
    [
        ("o", ("sap-emea", "SO-100045"), "o-5qh1mxk53qm4w9x2rwpnrawr"),
        ("o", ("sap-emea", "Bestellung Nr. 7/ä"), "o-brgbchdp3w10t1a6z9cvfgsb"),
        ("b", ("a", "b", "c"), "b-hepxw467c3mve0pyzd5nw8jx"),
    ],
)
def test_an_id_never_changes(prefix: str, parts: tuple[str, ...], expected: str) -> None:
    assert hashed_id(prefix, *parts) == expected


@given(PARTS)
def test_an_id_is_120_bits_of_sha_256_in_crockfords_base_32(parts: list[str]) -> None:
    made = hashed_id("o", *parts)
    assert re.fullmatch(r"o-[0-9abcdefghjkmnpqrstvwxyz]{24}", made)
    number = 0
    for character in made.removeprefix("o-"):
        number = number * 32 + ALPHABET.index(character)
    assert f"{number:030x}" == hashlib.sha256("\0".join(parts).encode()).hexdigest()[:30]


@given(PARTS, PARTS)
def test_other_parts_give_another_id(one: list[str], other: list[str]) -> None:
    assert (hashed_id("o", *one) == hashed_id("o", *other)) == (one == other)


def test_where_one_part_ends_counts() -> None:
    assert hashed_id("o", "ab", "c") != hashed_id("o", "a", "bc")


def test_the_alphabet_has_no_letters_that_are_mistaken() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ilou") & set(ALPHABET)
    assert "".join(sorted(ALPHABET)).lower() == ALPHABET


def test_the_form_of_an_order_id_is_recognised() -> None:
    known = hashed_id("o", "sap-emea", "SO-1")
    assert is_order_id(known)
    assert not any(is_order_id(text) for text in ("", "sap-emea", known[:-1], f"{known}x", f"{known}\n", known.upper()))
