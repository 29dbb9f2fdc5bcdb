"""A "no" is mended on the deployed system: the same number again, by the same call or the same file, and one charge."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.payments.ledger import Charge, ChargeState
from chalicelib.domain.ids import revision_key
from chalicelib.reference_data.publish import publish
from chalicelib.reference_data.sources import ReferenceSet
from local.client.submit_batch import report, send, watch
from local.sample.catalogue import customers
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.orders import for_sku, order, paid_with
from tests.support.e2e.rehearsal import charge_of, event_types, held_order, wait_until

pytestmark = pytest.mark.e2e

_numbers = itertools.count(1)


def charges(stack: Deployed, order_id: str) -> list[Charge]:
    """What the provider knows, revision by revision."""
    revisions = stack.app.repository("Test").load(order_id).revision
    found = [charge_of(stack, revision_key(order_id, number)) for number in range(1, revisions + 1)]
    return [charge for charge in found if charge is not None]


def assert_confirmed_once(stack: Deployed, order_id: str, revision: int) -> None:
    shown = stack.outcome(order_id)
    assert (shown["status"], shown["revision"]) == ("CONFIRMED", revision), shown["why"]
    assert [charge.state for charge in charges(stack, order_id)].count(ChargeState.CAPTURED) == 1
    kinds = Counter(event["type"] for event in stack.api.get(f"/orders/{order_id}/events").body["events"])
    assert (kinds["OrderReceived"], kinds["OrderRevised"], kinds["OrderConfirmed"]) == (1, revision - 1, 1)


def sent_again(stack: Deployed, order_id: str, payload: dict[str, Any], revision: int) -> None:
    answer = stack.api.post("/orders", payload)
    assert (answer.status, answer.body["order_id"], answer.body["revision"]) == (202, order_id, revision)


@pytest.fixture
def newcomer(stack: Deployed) -> Iterator[str]:
    """A customer whom nobody knows yet; his number."""
    yield f"C-NEW-{next(_numbers)}"
    publish(ReferenceSet(customers=list(customers())), stack.app.reference_publisher)


def test_the_same_call_is_confirmed_when_its_customer_was_published_meanwhile(stack: Deployed, newcomer: str) -> None:
    payload = order(customer_id=newcomer)
    order_id = stack.submit(payload)
    rejected = stack.outcome(order_id)
    assert [reason["code"] for reason in rejected["why"]["reasons"]] == ["unknown_customer"]
    assert stack.api.post("/orders?dry_run=true", payload).body["valid"] is False
    known = next(customer for customer in customers() if customer.customer_id == order()["customer_id"])
    publish(ReferenceSet(customers=[*customers(), replace(known, customer_id=newcomer)]), stack.app.reference_publisher)
    foreseen = stack.api.post("/orders?dry_run=true", payload).body
    assert (foreseen["would"], foreseen["revision"], foreseen["reasons"]) == ("revise", 2, [])
    sent_again(stack, order_id, payload, 2)
    assert_confirmed_once(stack, order_id, 2)
    assert stack.api.post("/orders", payload).status == 200
    assert stack.api.post("/orders", {**payload, "customer_id": "C-1001"}).status == 409


def test_a_corrected_order_is_confirmed_and_paid_once(stack: Deployed) -> None:
    payload = paid_with("pm_card_visa_chargeDeclined")
    order_id = stack.submit(payload)
    assert stack.outcome(order_id)["status"] == "REJECTED"
    sent_again(stack, order_id, {**payload, "payment": {"method": "card", "token": "pm_card_visa"}}, 2)
    assert_confirmed_once(stack, order_id, 2)
    assert [charge.state for charge in charges(stack, order_id)] == [ChargeState.VOIDED, ChargeState.CAPTURED]


def test_what_was_paid_and_refunded_is_paid_anew(stack: Deployed) -> None:
    payload = held_order()
    order_id = stack.submit(payload)
    assert stack.outcome(order_id)["status"] == "REJECTED"
    assert "PaymentRefunded" in event_types(stack, order_id)
    mended = {**for_sku("WIDGET-1"), "external_id": payload["external_id"], "source": payload["source"]}
    assert stack.api.post("/orders?dry_run=true", mended).body["would"] == "revise"
    sent_again(stack, order_id, mended, 2)
    assert_confirmed_once(stack, order_id, 2)
    assert [charge.state for charge in charges(stack, order_id)] == [ChargeState.REFUNDED, ChargeState.CAPTURED]


def test_a_cancelled_order_is_confirmed_when_it_is_sent_again(stack: Deployed) -> None:
    payload = paid_with("pm_sandbox_slow_9")
    order_id = stack.submit(payload)
    assert stack.api.post(f"/orders/{order_id}/cancel", {"reason": "not needed"}, role="operate").status == 202
    assert stack.outcome(order_id)["status"] == "CANCELLED"
    sent_again(stack, order_id, {**payload, "payment": {"method": "card", "token": "pm_card_visa"}}, 2)
    assert_confirmed_once(stack, order_id, 2)
    wait_until(lambda: row_of(stack, order_id) == (2, "CONFIRMED"), "the read model shows the revision")


def row_of(stack: Deployed, order_id: str) -> tuple[int, str]:
    row = stack.app.projection.get(order_id)
    assert row is not None
    return row.revision, row.status


MAPPING = """
ignore = ["GROSS", "REMARK"]
[order]
external_id = "NO"
ordered_at = { constant = "2026-11-23T10:15:00Z" }
customer_id = { constant = "C-1001" }
currency = { constant = "EUR" }
total = "NET"
payment = { method = { constant = "card" }, token = { constant = "pm_card_visa" } }
ship_to = { name = "TO", address = "TO", city = "TO", postal_code = { constant = "50667" }, country = "COUNTRY" }
[line]
line = { computed = "position" }
sku = "SKU"
quantity = { constant = "1" }
unit_price = "NET"
tax_rate = { constant = "0.19" }
"""
"""The total is taken from the wrong column."""

MENDED = MAPPING.replace('total = "NET"', 'total = "GROSS"').replace('"GROSS", "REMARK"', '"REMARK"')


def test_a_wrong_mapping_that_is_mended_confirms_the_same_file(stack: Deployed) -> None:
    one, run = for_sku("WIDGET-1"), next(_numbers)
    row = f"WIDGET-1,{one['lines'][0]['unit_price']},{one['total']},Hafenstr.,DE,-"
    data = "\n".join(
        ["NO,SKU,NET,GROSS,TO,COUNTRY,REMARK", *(f"MAP-{run}-{number},{row}" for number in range(8)), ""]
    ).encode()
    sent = [file_sent(stack, data, mapping) for mapping in (MAPPING, MENDED)]
    assert [[(line["outcome"], line["status"]) for line in lines] for lines in sent] == [
        [*[("accepted", "REJECTED")] * 7, ("invalid", "")],  # with a wrong total, the last one may have been cut off
        [("accepted", "CONFIRMED")] * 8,
    ]
    first, second = ([line["order_id"] for line in lines] for lines in sent)
    assert first[:7] == second[:7]
    for number, order_id in enumerate(second):
        assert_confirmed_once(stack, order_id, 2 if number < 7 else 1)


def file_sent(stack: Deployed, data: bytes, mapping: str) -> list[dict[str, Any]]:
    """The lines of the report."""
    stack.app.batches.mappings.publish("sap-emea", "mended", mapping)
    *_, batch = watch(stack.api, send(stack.api, data, "csv", mapping="mended"))
    assert batch["state"] == "COMPLETED", batch
    return report(batch)
