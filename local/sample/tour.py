"""The tour that `make run` submits: what an ordinary day brings, and one order for every way to be turned down.

Outcomes do not depend on the order of processing: no SKU runs short but the three scarce ones, which are never
delivered, and no credit account runs out but the one that is too small for its only order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from chalicelib.domain.order import MAX_LINES
from local.sample import catalogue
from local.sample.draft import OPENING, Draft
from local.sample.expectation import SampleOrder, confirmed, rejected

FIRST_NUMBER = 200_001
REPEATS_OF = (0, 5, 11)
"""Places in the tour of the orders that the ERP sends a second time, as ERPs do after a lost answer."""

Items = Mapping[str, int]

ORDINARY: tuple[tuple[str, Items, str], ...] = (
    ("C-1001", {"WIDGET-1": 3}, "a first order: three widgets"),
    ("C-1002", {"BRG-6204-2RS": 40, "BRG-6206-2RS": 24, "GREASE-EP2-400": 12}, "bearings and grease"),
    ("C-1003", {"BOLT-M8-30": 2000, "NUT-M8": 2000, "WASHER-M8": 4000}, "prices of a fraction of a cent"),
    ("C-1004", {"DRILL-18V": 6, "BATT-18V-5AH": 12, "CHARGER-18V": 6, "BIT-SET-19": 6}, "tools for a new team"),
    ("C-1005", {"SENSOR-PT100": 10, "PSU-24V-5A": 2}, "sensors and power supplies"),
    ("C-1006", {"DISC-125-1": 500, "FLAP-125-80": 100, "GLOVE-CUT-9": 60}, "consumables for a metal shop"),
    ("C-1007", {"GASKET-DN50": 80, "GASKET-DN80": 40, "BOLT-M12-80": 640}, "Austria: flange gaskets and bolts"),
    ("C-1008", {"CHAIN-08B": 8, "COUPL-L095": 4}, "Austria: roller chain and couplings"),
    ("C-1009", {"CALIPER-150": 5, "TORQUE-40-200": 2}, "Switzerland: measuring tools in francs"),
    ("C-1010", {"ENCODER-1024": 12, "SENSOR-PHOTO": 20}, "Switzerland: encoders"),
    ("C-1011", {"CYL-50-200": 6, "VALVE-5-2": 6, "TUBE-PU-8": 150, "FITTING-8-14": 48}, "France: pneumatics"),
    ("C-1012", {"SANDER-150": 2, "PAPER-P120": 30, "MASK-FFP2-20": 10}, "France: a paint shop"),
    ("C-1013", {"SEAL-35-52-7": 25, "ORING-50-4-FKM": 200}, "France: seals for a shipyard"),
    ("C-1014", {"BIT-HSS-6": 50, "BIT-HSS-10": 25, "CUTTER-160": 4}, "Italy: drills"),
    ("C-1015", {"BELT-SPZ-1000": 60, "BRG-UCP205": 30}, "Italy: belts and pillow blocks"),
    ("C-1016", {"CABLE-5G25": 500, "MCB-B16": 48, "RCD-40-30": 8}, "Netherlands: an installation"),
    ("C-1017", {"SENSOR-LEVEL": 6, "RELAY-24V": 30}, "Netherlands: pump stations"),
    ("C-1018", {"HARNESS-2P": 10, "HELMET-WHITE": 25, "VEST-HV-L": 25}, "Belgium: safety equipment"),
    ("C-1019", {"WRENCH-SET-12": 8, "HEX-SET-9": 8, "HAMMER-500": 8}, "Spain: hand tools"),
    ("C-1020", {"PLC-MICRO-14": 4, "HMI-7": 2, "CONTACTOR-9A": 30}, "Poland: a control cabinet"),
    ("C-1021", {"OIL-HLP46-20": 10, "OIL-CLP220-20": 4}, "Czechia: oils"),
    ("C-1022", {"SPRAY-MULTI-500": 48, "CLEANER-BRK-500": 96}, "Denmark: sprays"),
    ("C-1023", {"SHOE-S3-43": 14, "EARPLUG-200": 2}, "Sweden: shoes"),
    ("C-1024", {"GRINDER-125": 5, "DISC-125-1": 250}, "Britain: grinders in pounds"),
    ("C-1025", {"RIVET-4-10": 5000, "ANCHOR-10-80": 1000}, "Britain: rivets by the thousand"),
    ("C-1026", {"SENSOR-PRESS-10": 9}, "Britain: pressure transmitters"),
    ("C-1027", {"FERRULE-15-500": 20, "SCREWDR-SET-6": 4}, "Ireland: electrician's supplies"),
    ("C-1028", {"BRG-30205": 64, "SEAL-25-42-7": 64}, "United States: roller bearings in dollars"),
    ("C-1029", {"BIT-SDS-8": 40, "BLADE-RECIP-5": 25}, "United States: bits and blades"),
    ("C-1030", {"BOLT-M8-60": 800, "ORING-30-3": 600}, "United States: stainless bolts for boats"),
    ("C-1031", {"CYL-32-100": 16, "SILENCER-14": 32}, "Japan: cylinders in yen, which has no decimals"),
    ("C-1032", {"BRG-608-2RS": 300, "SEAL-25-42-7": 120}, "Japan: bearings for pumps"),
    ("C-1033", {"GLOVE-NIT-9": 400, "GOGGLES-CLR": 120}, "Kuwait: gloves in dinars, which has three decimals"),
    ("C-1040", {"WIDGET-2": 25, "GADGET-8": 3}, "an exporter, in euros"),
)

ON_ACCOUNT: tuple[tuple[str, Items, str], ...] = (
    ("C-1001", {"GADGET-7": 5}, "on account"),
    ("C-1002", {"VAC-L-25": 2}, "on account"),
    ("C-1009", {"SCREWDR-PH2": 30}, "on account, in francs"),
    ("C-1024", {"SAW-190": 3}, "on account, in pounds"),
    ("C-1028", {"WIPES-90": 60}, "on account, in dollars"),
    ("C-1031", {"RELAY-24V": 24}, "on account, in yen"),
    ("C-1033", {"THREADLOCK-243": 15}, "on account, in dinars"),
)

DECLINING_CARDS = (
    ("pm_card_visa_chargeDeclined", "generic_decline", "the bank refuses the card"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds", "not enough money on the card"),
    ("pm_card_visa_chargeDeclinedLostCard", "lost_card", "the card was reported lost"),
    ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card", "the card was reported stolen"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", "the card has expired"),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "a wrong security code"),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", "the bank had a fault"),
    ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_velocity_exceeded", "the card is used too often"),
    ("pm_card_radarBlock", "fraudulent", "it looks like fraud"),
    ("pm_card_authenticationRequired", "authentication_required", "the bank wants the customer's approval"),
)


def tour() -> tuple[SampleOrder, ...]:
    """At least 60 orders, always the same: their numbers, too, so a second tour is answered as repeats."""
    samples = list(_numbered())
    repeats = [replace(samples[at], description=f"sent again: {samples[at].description}") for at in REPEATS_OF]
    return (*samples, *repeats)


def _numbered() -> Iterator[SampleOrder]:
    """Each order has its own number and minute."""
    for number, sample in enumerate((*_ordinary(), *_unusual(), *_invalid(), *_unavailable(), *_unpaid(), *_held())):
        ordered_at = OPENING + timedelta(minutes=5 * number)
        own = {"external_id": f"SO-{FIRST_NUMBER + number}", "ordered_at": ordered_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        yield replace(sample, payload=sample.payload | own)


def _draft(customer_id: str, items: Items, **changes: Any) -> Draft:
    return Draft("SO-0", customer_id, tuple(items.items()), **changes)


def _ordinary() -> Iterator[SampleOrder]:
    cards = cycle(("pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_visa_debit"))
    for (customer_id, items, description), card in zip(ORDINARY, cards, strict=False):
        yield confirmed(_draft(customer_id, items, token=card), description)
    for customer_id, items, description in ON_ACCOUNT:
        yield confirmed(_draft(customer_id, items, on_account=True), description)


def _unusual() -> Iterator[SampleOrder]:
    """Right all the same."""
    for currency in ("USD", "KWD", "JPY"):
        draft = _draft("C-1040", {"SENSOR-IND-M12": 30, "SENSOR-IND-M18": 12}, currency=currency)
        yield confirmed(draft, f"the exporter again, in {currency}")
    dearer = _draft("C-1002", {"BRG-NU206": 10}, price_factor=Decimal("1.015"))
    yield confirmed(dearer, "1.5 % above the list price, of 2 % that are agreed")
    yield confirmed(_draft("C-1004", {"CATALOGUE-2027": 2}), "free of charge: nothing to pay")
    twice = Draft("SO-0", "C-1017", (("TAPE-PTFE-12", 50), ("TUBE-PU-8", 100), ("TAPE-PTFE-12", 25)))
    yield confirmed(twice, "the same article on two lines")
    articles = cycle(product.sku for product in catalogue.products() if _sold_everywhere(product.sku))
    lines = tuple((sku, 1 + at % 5) for at, sku in enumerate(islice(articles, MAX_LINES)))
    yield confirmed(Draft("SO-0", "C-1003", lines), f"{MAX_LINES} lines, the most that an order may have")
    lost = _draft("C-1001", {"WIDGET-3": 4}, token="pm_sandbox_timeout_after_capture")
    yield confirmed(lost, "the payment's answer is lost after the charge: found again, charged once")
    refused = _draft("C-1005", {"WIDGET-3": 2}, token="pm_sandbox_unavailable_1")
    yield confirmed(refused, "the payment provider is down for a moment: tried again")


def _sold_everywhere(sku: str) -> bool:
    held = {hold.key for hold in catalogue.holds()}
    return catalogue.stock().get(sku, 0) >= 100_000 and sku not in held


def _invalid() -> Iterator[SampleOrder]:
    """Turned down by the ValidateOrder step."""
    widget = {"WIDGET-1": 10}
    yield rejected(_draft("C-9999", widget), "unknown_customer", "a customer that nobody knows")
    yield rejected(_draft("C-1038", widget), "inactive_customer", "a customer in liquidation")
    yield rejected(_draft("C-1010", widget, currency="EUR"), "currency_not_agreed", "euros from a customer in francs")
    yield rejected(_draft("C-1001", {"WIDGET-99": 1}), "unknown_sku", "an article that was never there")
    yield rejected(_draft("C-1001", {"GADGET-6": 1}), "discontinued_sku", "last year's model")
    yield rejected(_draft("C-1031", {"BATT-18V-5AH": 2}), "no_price", "a battery that is not sold in yen")
    cheap = _draft("C-1001", widget, price_factor=Decimal("0.90"))
    yield rejected(cheap, "price_out_of_tolerance", "10 % below the list price")
    yield rejected(_draft("C-1012", widget, total_off=100), "total_mismatch", "a total that is 1.00 too high")
    yield rejected(_draft("C-1004", widget, on_account=True), "no_credit", "on account without a credit")
    dollars = _draft("C-1003", widget, currency="USD", on_account=True)
    yield rejected(dollars, "credit_currency", "on account in dollars, with a credit in euros")
    yield rejected(
        _draft("C-1035", {"HMI-7": 2}, on_account=True), "credit_limit_exceeded", "more than the credit limit"
    )
    wrong = _draft("C-1001", {"WIDGET-99": 1, "GADGET-6": 1, "WIDGET-1": 1}, total_off=-1)
    yield rejected(wrong, "unknown_sku", "three things wrong, all of them named")


def _unavailable() -> Iterator[SampleOrder]:
    """Turned down by the ReserveInventory step."""
    yield rejected(_draft("C-1005", {"COMPRESSOR-50": 1}), "insufficient_stock", "sold out")
    mixed = _draft("C-1013", {"WIDGET-1": 5, "VISE-150": 10})
    yield rejected(mixed, "insufficient_stock", "ten ordered, four there; what is there goes back")
    lines = Draft("SO-0", "C-1019", (("WELDER-180", 4), ("WELDER-180", 4)))
    yield rejected(lines, "insufficient_stock", "seven there, eight ordered on two lines")


def _unpaid() -> Iterator[SampleOrder]:
    """Turned down by the CapturePayment step; the stock is released."""
    for token, code, description in DECLINING_CARDS:
        yield rejected(_draft("C-1006", {"DISC-230-2": 40}, token=token), f"card_declined.{code}", description)
    unknown = _draft("C-1006", {"DISC-230-2": 40}, token="pm_card_from_elsewhere")
    yield rejected(unknown, "unknown_payment_token", "a token that the provider does not know")
    spent = _draft("C-1036", {"TORQUE-40-200": 3}, on_account=True)
    yield rejected(spent, "credit_exhausted", "the credit account has too little left")
    yield rejected(
        _draft("C-1034", {"WIDGET-1": 8}, on_account=True), "no_credit_account", "no credit account was opened"
    )


def _held() -> Iterator[SampleOrder]:
    """Turned down by the ConfirmOrder step; the payment is refunded and the stock released."""
    yield rejected(_draft("C-1016", {"LADDER-A4": 2}), "delivery_hold", "a recalled ladder")
    yield rejected(_draft("C-1037", {"WIDGET-1": 20}), "delivery_hold", "a customer whom finance has stopped")
    yield rejected(_draft("C-1040", {"WIDGET-2": 10}, country="KP"), "delivery_hold", "a country under embargo")
