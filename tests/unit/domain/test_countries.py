"""Countries: ISO 3166-1 and one more; some have no postal codes."""

from __future__ import annotations

from chalicelib.domain.countries import COUNTRIES, WITHOUT_POSTAL_CODES


def test_the_codes_are_those_of_iso_3166_and_kosovos() -> None:
    assert len(COUNTRIES) == 249 + 1
    assert {"DE", "AX", "SS", "TL", "XK"} <= COUNTRIES
    assert not {"ZZ", "EU", "UK", "AN", "CS", "SU", "YU", "AC", "TA", "XX", "AA"} & COUNTRIES


def test_countries_without_postal_codes() -> None:
    assert WITHOUT_POSTAL_CODES < COUNTRIES
    assert {"HK", "AE", "MO", "QA", "JM", "AO"} <= WITHOUT_POSTAL_CODES
    assert not {"DE", "US", "GB", "FR", "CH", "AT", "JP", "SG", "IE", "BR", "IN", "CN"} & WITHOUT_POSTAL_CODES
