"""Money: read exactly or refused, rounded half up where it is computed, never combined across currencies."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.money import MAX_MINOR, MINOR_UNITS, InvalidMoney, Money, parse_decimal

CURRENCIES = st.sampled_from(sorted(MINOR_UNITS))
MINORS = st.integers(-MAX_MINOR, MAX_MINOR)
AMOUNTS = st.builds(Money, MINORS, CURRENCIES)
SMALL = st.integers(-(10**14), 10**14)
"""Two of them add up to an amount."""

DECIMALS_AND_A_CURRENCY = pytest.mark.parametrize(
    ("currency", "decimals"), [("JPY", 0), ("EUR", 2), ("KWD", 3)], ids=["none", "two", "three"]
)


def of_decimals(count: int) -> str:
    return " ".join(sorted(currency for currency, decimals in MINOR_UNITS.items() if decimals == count))


def test_the_decimals_of_the_currencies() -> None:
    assert of_decimals(0) == "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    assert of_decimals(3) == "BHD IQD JOD KWD LYD OMR TND"
    assert {"EUR", "USD", "GBP", "CHF", "SEK", "PLN", "INR"} < set(of_decimals(2).split())
    assert of_decimals(4) == "CLF UYW"
    assert set(MINOR_UNITS.values()) == {0, 2, 3, 4}


# reading


@pytest.mark.parametrize(
    "text", ["0", "1", "-1", "12.50", "-12.50", "0.1", "-0.5", "10", "0.000000000000000001", "9" * 18, "-" + "9" * 18]
)
def test_a_plain_decimal_is_read(text: str) -> None:
    assert parse_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "+1",
        "--1",
        "01",
        "00",
        "-01.5",
        "1,5",
        "1,000.00",
        "1 000",
        "1_000",
        "1e3",
        "NaN",
        "Infinity",
        "0x1F",
        " 1",
        "1 ",
        "1\n",
        "1.5\n",
        "1.2.3",
        "٣",
        "1.٣",
        "9" * 19,
        "0." + "1" * 19,
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidMoney, match=r'\Amust be a plain decimal number such as "12\.50"\Z'):
        parse_decimal(text)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("12.500000", "EUR", 1250),
        ("-3.00", "EUR", -300),
        ("0.01", "EUR", 1),
        ("1500", "JPY", 1500),
        ("1500.0", "JPY", 1500),
        ("1.25", "KWD", 1250),
        ("1.001", "KWD", 1001),
    ],
)
def test_an_amount_is_read_in_the_minor_units_of_its_currency(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "decimals"),
    [("12.505", "EUR", 2), ("-12.505", "EUR", 2), ("0.5", "JPY", 0), ("1.2501", "KWD", 3)],
)
def test_more_decimals_than_the_currency_has_are_refused_not_rounded(text: str, currency: str, decimals: int) -> None:
    with pytest.raises(InvalidMoney, match=rf"\Ahas more decimals than {currency} has \({decimals}\)\Z"):
        Money.parse(text, currency)


def test_text_that_is_no_number_is_no_amount() -> None:
    with pytest.raises(InvalidMoney, match="must be a plain decimal number"):
        Money.parse("1e3", "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XYZ", "EU"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidMoney, match=r"\Ais not an ISO 4217 currency code\Z"):
        Money(1, currency)
    with pytest.raises(InvalidMoney, match=r"\Ais not an ISO 4217 currency code\Z"):
        Money.parse("1", currency)


# the largest amount


@pytest.mark.parametrize("minor", [10**15, -(10**15), 0])
def test_ten_trillion_euros_are_an_amount(minor: int) -> None:
    assert Money(minor, "EUR").minor == minor


@pytest.mark.parametrize("minor", [10**15 + 1, -(10**15) - 1])
def test_one_cent_more_is_a_mistake(minor: int) -> None:
    with pytest.raises(InvalidMoney, match=r"\Ais too large to be an amount of an order\Z"):
        Money(minor, "EUR")
    with pytest.raises(InvalidMoney, match="too large"):
        Money.parse(str(Decimal(minor).scaleb(-2)), "EUR")


# writing


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(1250, "EUR"), "12.50"),
        (Money(-300, "EUR"), "-3.00"),
        (Money(5, "EUR"), "0.05"),
        (Money(0, "EUR"), "0.00"),
        (Money(1500, "JPY"), "1500"),
        (Money(1250, "KWD"), "1.250"),
        (Money(1, "KWD"), "0.001"),
        (Money(MAX_MINOR, "EUR"), "10000000000000.00"),
    ],
)
def test_an_amount_is_written_with_the_decimals_of_its_currency(money: Money, amount: str) -> None:
    assert money.amount == amount
    assert str(money) == f"{amount} {money.currency}"


@given(AMOUNTS)
def test_what_is_written_is_read_as_the_same_amount(money: Money) -> None:
    assert Money.parse(money.amount, money.currency) == money


@given(AMOUNTS)
def test_what_is_written_is_worth_the_minor_units(money: Money) -> None:
    assert Fraction(money.amount) * 10 ** MINOR_UNITS[money.currency] == money.minor


# rounding


@DECIMALS_AND_A_CURRENCY
@given(data=st.data())
def test_a_half_is_rounded_away_from_zero(currency: str, decimals: int, data: st.DataObject) -> None:
    whole = data.draw(st.integers(0, 10**12))
    half = (Decimal(whole) + Decimal("0.5")).scaleb(-decimals)
    assert Money.rounded(half, currency) == Money(whole + 1, currency)
    assert Money.rounded(-half, currency) == Money(-whole - 1, currency)


@DECIMALS_AND_A_CURRENCY
@given(data=st.data())
def test_the_smallest_bit_less_than_a_half_is_rounded_down(currency: str, decimals: int, data: st.DataObject) -> None:
    whole = data.draw(st.integers(0, 10**12))
    less = (Decimal(whole) + Decimal("0.499999")).scaleb(-decimals)
    assert Money.rounded(less, currency) == Money(whole, currency)
    assert Money.rounded(-less, currency) == Money(-whole, currency)


@given(CURRENCIES, st.decimals(-(10**10), 10**10, places=9))
def test_rounding_is_half_up_for_every_amount_and_currency(currency: str, amount: Decimal) -> None:
    scaled = abs(Fraction(amount)) * 10 ** MINOR_UNITS[currency]
    nearest = (2 * scaled + 1) // 2
    assert Money.rounded(amount, currency).minor == (nearest if amount >= 0 else -nearest)


@given(AMOUNTS)
def test_an_amount_is_not_changed_by_rounding(money: Money) -> None:
    assert Money.rounded(Decimal(money.amount), money.currency) == money


# arithmetic


@given(SMALL, SMALL, CURRENCIES)
def test_amounts_of_one_currency_are_added_and_subtracted(one: int, other: int, currency: str) -> None:
    assert Money(one, currency) + Money(other, currency) == Money(one + other, currency)
    assert Money(one, currency) - Money(other, currency) == Money(one - other, currency)


def test_amounts_of_two_currencies_are_not_combined() -> None:
    for one, other in (("EUR", "USD"), ("USD", "EUR")):
        for combine in (Money.__add__, Money.__sub__):
            with pytest.raises(InvalidMoney, match=rf"\Acannot combine {one} and {other}\Z"):
                combine(Money(1, one), Money(1, other))


def test_a_sum_may_be_too_large() -> None:
    with pytest.raises(InvalidMoney, match="too large"):
        Money(MAX_MINOR, "EUR") + Money(1, "EUR")
    with pytest.raises(InvalidMoney, match="too large"):
        Money(-MAX_MINOR, "EUR") - Money(1, "EUR")


@given(MINORS, MINORS, CURRENCIES)
def test_amounts_of_one_currency_compare_by_what_they_are_worth(one: int, other: int, currency: str) -> None:
    assert (Money(one, currency) < Money(other, currency)) == (one < other)
    assert (Money(one, currency) > Money(other, currency)) == (one > other)
    assert (Money(one, currency) == Money(other, currency)) == (one == other)
