"""Names that are safe in keys, paths and file names, at both ends of their length."""

from __future__ import annotations

import pytest

from chalicelib.domain.names import MAX_NAME_CHARACTERS, is_name


@pytest.mark.parametrize("name", ["a", "7", "sap-emea", "0", "a-", "a--b", "2026-orders", "a" * 62, "a" * 63])
def test_a_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "-", "-a", "A", "sap_emea", "sap emea", "sap.emea", "a/b", "a#b", "ä", "a٣", "a\n", "\na", " a", "a" * 64],
)
def test_no_name(name: str) -> None:
    assert not is_name(name)


def test_the_length_that_schemas_are_told() -> None:
    assert MAX_NAME_CHARACTERS == 63
