"""A "no" is not said on reference data that are older than the order: it may have come because they were mended."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.adapters.memory import MemoryReferenceData
from chalicelib.domain.reference import DeliveryHold
from chalicelib.domain.state import Status
from chalicelib.orders.checks import holds_on, reasons_against
from tests.support.builders import CUSTOMER, GADGET, NOW, WIDGET, content
from tests.support.workflow_harness import WorkflowHarness

ORDER = content("SO-1")


class Cached(MemoryReferenceData):
    """Answers from what it saw at `looked_at`; `published` is what it would see now."""

    def __init__(self, published: MemoryReferenceData, looked_at: datetime = NOW) -> None:
        super().__init__()
        self.published, self.looked_at, self.looks = published, looked_at, 0

    def look_again(self, since: datetime) -> bool:
        if self.looked_at >= since:
            return False
        self.customers, self.products, self.holds = (
            self.published.customers,
            self.published.products,
            self.published.holds,
        )
        self.looked_at, self.looks = since, self.looks + 1
        return True


def everything() -> MemoryReferenceData:
    return MemoryReferenceData([CUSTOMER], [WIDGET, GADGET])


def test_a_customer_who_was_published_before_the_order_came_is_known() -> None:
    reference = Cached(everything())
    assert reasons_against(ORDER, reference, NOW + timedelta(seconds=1)) == ()


def test_a_no_on_data_that_are_newer_than_the_order_stands() -> None:
    reference = Cached(everything())
    assert [reason.code for reason in reasons_against(ORDER, reference, NOW)] == ["unknown_customer", "unknown_sku"]
    assert reference.looks == 0


def test_a_hold_that_was_lifted_before_the_order_came_is_none() -> None:
    reference = Cached(everything())
    reference.holds["sku", "WIDGET-1"] = DeliveryHold("sku", "WIDGET-1", "recalled")
    assert [reason.code for reason in holds_on(ORDER, reference, NOW)] == ["delivery_hold"]
    assert holds_on(ORDER, reference, NOW + timedelta(seconds=1)) == ()


def test_an_order_that_is_right_costs_no_second_look() -> None:
    reference = Cached(everything())
    reference.look_again(NOW + timedelta(seconds=1))
    assert reasons_against(ORDER, reference, NOW + timedelta(seconds=9)) == ()
    assert holds_on(ORDER, reference, NOW + timedelta(seconds=9)) == ()
    assert reference.looks == 1


def test_an_order_sent_again_at_once_after_its_customer_was_published_is_confirmed() -> None:
    """A function that has looked a second ago would not look again for a minute."""
    world = WorkflowHarness()
    world.reference = cached = Cached(MemoryReferenceData(products=[WIDGET]), world.clock.now())
    cached.products = {WIDGET.sku: WIDGET}
    order_id = world.accept(ORDER)
    world.run(order_id)
    assert world.order(order_id).status is Status.REJECTED
    cached.published = everything()
    world.clock.advance(1)
    world.revise(ORDER)
    world.run(order_id)
    assert world.order(order_id).status is Status.CONFIRMED
    assert cached.looks == 1
