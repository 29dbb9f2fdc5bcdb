"""What would become of an order, without its being stored: the same rules as those of the workflow, as of now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.order import OrderContent, PaymentInstruction
from chalicelib.domain.reference import DeliveryHold
from chalicelib.domain.state import Status
from chalicelib.orders.accept import Intake
from chalicelib.orders.again import ASKED, Terms
from chalicelib.orders.rehearse import Rehearsal, Rehearse, SkuNow, Would
from tests.support.builders import CUSTOMER, GADGET, content, line
from tests.support.workflow_harness import STOCK, WorkflowHarness

ORDER = content("SO-1", line(), line("GADGET-7", 2, 2, "99.00"))


class Stage(WorkflowHarness):
    """The whole application in memory, and what may be asked of it beforehand."""

    def rehearse(self, order: OrderContent = ORDER, terms: Terms = ASKED) -> Rehearsal:
        before = [(known, self.history(known)) for known in self.events.order_ids()]
        found = Rehearse(self.events, self.reference, self.inventory, self.clock)(order, terms=terms)
        assert [(known, self.history(known)) for known in self.events.order_ids()] == before, "nothing is stored"
        return found

    def hand_over(self, order: OrderContent = ORDER) -> Status:
        order_id = Intake(self.repository("Intake"), self.engine).accept(order, "call").order_id
        self.run(order_id)
        return self.order(order_id).status


def test_an_order_that_is_right_would_be_accepted() -> None:
    assert Stage().rehearse() == Rehearsal(
        would=Would.ACCEPT,
        revision=1,
        reasons=(),
        possible_totals=(ORDER.total,),
        stock=(SkuNow("GADGET-7", 2, STOCK), SkuNow("WIDGET-1", 3, STOCK)),
        reference_versions={"customers": "memory", "holds": "memory", "products": "memory"},
    )


def _unknown_customer(stage: Stage) -> OrderContent:
    stage.reference.customers.clear()
    return ORDER


def _sold_out(stage: Stage) -> OrderContent:
    stage.inventory.set_available(GADGET.sku, 1)
    return ORDER


def _on_hold(stage: Stage) -> OrderContent:
    stage.reference.holds["country", "DE"] = DeliveryHold("country", "DE", "strike")
    return ORDER


def _wrong_total(stage: Stage) -> OrderContent:
    return replace(ORDER, total=ORDER.total + ORDER.total)


def _without_credit(stage: Stage) -> OrderContent:
    stage.reference.customers[CUSTOMER.customer_id] = replace(CUSTOMER, credit_limit=None)
    return replace(ORDER, payment=PaymentInstruction("on_account"))


WRONG = {
    "unknown_customer": _unknown_customer,
    "insufficient_stock": _sold_out,
    "delivery_hold": _on_hold,
    "total_mismatch": _wrong_total,
    "no_credit": _without_credit,
}


@pytest.mark.parametrize("code", WRONG)
def test_what_is_found_beforehand_is_what_the_workflow_finds(code: str) -> None:
    stage = Stage()
    order = WRONG[code](stage)
    found = stage.rehearse(order)
    assert (found.would, [reason.code for reason in found.reasons]) == (Would.ACCEPT, [code])
    assert stage.hand_over(order) is Status.REJECTED
    rejection = stage.order(order.order_id).rejection
    assert rejection is not None
    assert rejection.reasons == found.reasons


def test_everything_that_is_wrong_is_named_at_once() -> None:
    stage = Stage()
    for wrong in (_unknown_customer, _sold_out, _on_hold):
        wrong(stage)
    found = stage.rehearse(_wrong_total(stage))
    assert [reason.code for reason in found.reasons] == [
        "unknown_customer",
        "total_mismatch",
        "insufficient_stock",
        "delivery_hold",
    ]


def test_an_unknown_sku_has_no_stock() -> None:
    found = Stage().rehearse(content("SO-1", line("NO-SUCH-1")))
    assert found.stock == (SkuNow("NO-SUCH-1", 3, None),)
    assert [reason.code for reason in found.reasons] == ["unknown_sku", "insufficient_stock"]


def test_a_repeat_and_a_conflict_are_foreseen() -> None:
    stage = Stage()
    stage.hand_over()
    assert stage.rehearse().would is Would.REPEAT
    conflict = stage.rehearse(content("SO-1"))
    assert (conflict.would, conflict.revision) == (Would.CONFLICT, 1)
    assert "lines[1].sku" in [difference.field for difference in conflict.differences]
    assert conflict.advice.startswith("it is CONFIRMED")


def test_a_revision_is_foreseen_on_the_terms_of_whoever_asks() -> None:
    stage = Stage()
    stage.hand_over(_sold_out(stage))
    stage.inventory.set_available(GADGET.sku, STOCK)
    found = stage.rehearse()
    assert (found.would, found.revision, found.reasons) == (Would.REVISE, 2, ())
    assert stage.rehearse(terms=Terms(renews=frozenset())).would is Would.REPEAT
    assert stage.hand_over() is Status.CONFIRMED
