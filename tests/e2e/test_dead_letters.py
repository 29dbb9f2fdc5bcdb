"""Failed orders: through the real queue into triage, redriven by themselves or by an operator, whatever is down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.fault_injection.switches import Mode
from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.events import OrderRedriven
from chalicelib.domain.failures import Failure
from chalicelib.wiring.application import Application
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import (
    charge_of,
    confirmed_order,
    event_types,
    failed_order,
    held_order,
    parked_order,
    short_waits,
    switched,
    wait_until,
    without_permission,
)

pytestmark = pytest.mark.e2e

PASSING = Failure("CapturePayment", "DependencyTimeout", "payment did not answer: no answer in time")
WHO = {"reason": "fixed"}


def bug(message: str) -> Failure:
    """A failure that waits for an operator; the message tells the groups of different tests apart."""
    return Failure("ConfirmOrder", "KeyError", message)


def parked_orders(stack: Deployed, failures: list[Failure]) -> list[str]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda failure: parked_order(stack, failure), failures))


def groups(stack: Deployed) -> dict[str, int]:
    """Fingerprint -> open letters, as the API shows them."""
    return {group["fingerprint"]: group["count"] for group in stack.api.get("/dead-letters").body["groups"]}


def wait_for_group(stack: Deployed, failure: Failure, count: int) -> None:
    wait_until(lambda: groups(stack).get(failure.fingerprint, 0) == count, f"{count} letters of {failure}")


def messages_of(stack: Deployed, queue: str) -> list[dict[str, Any]]:
    """What lies in a queue of the stage, taken out of it."""
    sqs, url = stack.aws.client("sqs"), stack.app.queue_url(queue)
    found: list[dict[str, Any]] = []
    while True:
        batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", [])
        if not batch:
            return found
        for message in batch:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def wait_for_messages(stack: Deployed, queue: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def are_there() -> bool:
        found.extend(messages_of(stack, queue))
        return len(found) >= count

    wait_until(are_there, f"{count} messages in {queue}")
    return found


def test_poison_unknown_and_double_messages_do_not_stop_ten_good_ones(stack: Deployed) -> None:
    sqs, url = stack.aws.client("sqs"), stack.app.queue_url("dead-letters")
    messages_of(stack, "parking")
    good = parked_orders(stack, [PASSING] * 5)
    sqs.send_message(QueueUrl=url, MessageBody="not even JSON \u2603")
    known = failed_order(stack, good[0])
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(failed_order_message(known)))
    unknown = {**failed_order_message(known), "order_id": "o-000000000000000000000000"}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(unknown))
    good += parked_orders(stack, [PASSING] * 5)

    for order_id in good:
        stack.until(order_id, "CONFIRMED")
        assert Counter(event_types(stack, order_id))["OrderRedriven"] == 1
    wait_until(lambda: PASSING.fingerprint not in groups(stack), "all letters are closed")
    parked = wait_for_messages(stack, "parking", 2)
    reasons = {message["reason"]: message["body"] for message in parked}
    assert reasons["it is not JSON"] == "not even JSON \u2603"
    assert json.loads(reasons["there is no order o-000000000000000000000000"]) == unknown


@pytest.mark.parametrize("count", [20, pytest.param(50, marks=pytest.mark.slow)])
def test_many_failures_of_two_causes_are_two_groups_to_discard(stack: Deployed, count: int) -> None:
    causes = [bug("no price for '{}' in list {}"), bug("answer {} has no field 'x', request {}")]
    failures = [Failure(c.step, c.error, c.message.format(f"SKU-{n}", 1000 + n)) for n in range(count) for c in causes]
    fingerprints = {failure.fingerprint for failure in failures}
    assert len(fingerprints) == 2
    before = groups(stack)
    orders = parked_orders(stack, failures)
    wait_for_group(stack, failures[0], count)
    wait_for_group(stack, failures[1], count)
    assert groups(stack).keys() - before.keys() == fingerprints

    for fingerprint in fingerprints:
        answer = stack.api.post(f"/dead-letters/{fingerprint}/discard", {**WHO, "rate_per_s": 50}, role="operate")
        assert answer.status == 202, answer.body
    for order_id in orders:
        assert stack.until(order_id, "CANCELLED", "CONFIRMED")["status"] == "CANCELLED"


@pytest.mark.parametrize(("count", "rate_per_s"), [(40, 10), pytest.param(200, 20, marks=pytest.mark.slow)])
def test_an_operator_redrives_a_group_at_a_rate(stack: Deployed, count: int, rate_per_s: int) -> None:
    cause = bug("a bug that is fixed by now")
    orders = parked_orders(stack, [cause] * count)
    wait_for_group(stack, cause, count)
    asked = {**WHO, "rate_per_s": rate_per_s, "by": "anna"}
    answer = stack.api.post(f"/dead-letters/{cause.fingerprint}/redrive", asked, role="operate")
    assert answer.status == 202, answer.body
    assert answer.body["total"] == count
    progress = [0]

    def finished() -> bool:
        job = stack.api.get(f"/dead-letters/jobs/{answer.body['job_id']}").body
        progress.append(job["done"])
        return job["finished_at"] is not None

    wait_until(finished, "the job is done")
    assert progress[-1] == count
    assert progress == sorted(progress)
    assert any(0 < done < count for done in progress), "progress is visible while it works"
    for order_id in orders:
        assert stack.until(order_id, "CONFIRMED")["attempts"] == 2

    times = sorted(redriven_at(stack, order_id) for order_id in orders)
    per_s = [sum(start <= at < start + timedelta(seconds=1) for at in times) for start in times]
    took = (times[-1] - times[0]).total_seconds()
    print(f"{count} redriven in {took:.1f} s, at most {max(per_s)} in a second")
    assert took >= (count - 2 * rate_per_s) / rate_per_s
    assert max(per_s) <= 2 * rate_per_s, "a page of ten is done as fast as it goes; pages keep the rate"
    assert cause.fingerprint not in groups(stack)


def redriven_at(stack: Deployed, order_id: str) -> datetime:
    [(redriven, at)] = [
        (e.event, e.recorded_at) for e in stack.app.events.load(order_id) if isinstance(e.event, OrderRedriven)
    ]
    assert redriven.by.startswith("anna")
    assert redriven.reason == "fixed"
    return at


@contextmanager
def subscribed(stack: Deployed) -> Iterator[str]:
    """The name of a queue that gets the alerts, as a pager would."""
    sqs, sns = stack.aws.client("sqs"), stack.aws.client("sns")
    url = sqs.create_queue(QueueName=stack.settings.name("pager"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = stack.settings.arn("sns", stack.settings.name("alerts"))
    may_send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**may_send, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    try:
        yield "pager"
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=url)


def failing_order(stack: Deployed) -> str:
    """An order whose last step fails for good; FAILED by now."""
    with switched(stack, "step", Mode.UNAVAILABLE, "ConfirmOrder"), short_waits(stack, 0.01):
        order_id = stack.submit(confirmed_order())
        assert stack.until(order_id, "FAILED", "CONFIRMED")["status"] == "FAILED"
    return order_id


def listed_as_failed(stack: Deployed) -> set[str]:
    return {order["order_id"] for order in stack.api.get("/orders?status=FAILED").body["orders"]}


def redrive(stack: Deployed, order_id: str) -> None:
    answer = stack.api.post(f"/orders/{order_id}/redrive", WHO, role="operate")
    assert answer.status in (202, 409), answer.body  # 409: it has been redriven by itself meanwhile
    assert stack.until(order_id, "CONFIRMED")["attempts"] >= 2


def test_an_alert_outage_while_parking(stack: Deployed) -> None:
    with without_permission(stack, "handle_failure", "Alert"):
        order_id = failing_order(stack)
        wait_until(lambda: order_id in listed_as_failed(stack) | confirmed(stack, order_id), "it is listed")
    redrive(stack, order_id)


def confirmed(stack: Deployed, order_id: str) -> set[str]:
    return {order_id} if stack.api.get(f"/orders/{order_id}").body["status"] == "CONFIRMED" else set()


def test_a_queue_outage_while_parking_still_alerts_and_an_operator_can_redrive(stack: Deployed) -> None:
    with subscribed(stack) as pager, without_permission(stack, "handle_failure", "SendDeadLetters"):
        order_id = failing_order(stack)
        wait_until(lambda: order_id in listed_as_failed(stack), "it is listed")
        [alert] = wait_for_messages(stack, pager, 1)
    assert alert["Subject"].startswith("Order parked: ConfirmOrder DependencyUnavailable")
    assert f"POST /orders/{order_id}/redrive" in alert["Message"]
    redrive(stack, order_id)


def test_after_a_queue_outage_the_sweeper_brings_the_order_into_triage(stack: Deployed) -> None:
    with without_permission(stack, "handle_failure", "SendDeadLetters"):
        order_id = failing_order(stack)
        wait_until(lambda: order_id in listed_as_failed(stack), "it is listed")
    app = stack.app
    in_two_minutes = FixedClock(app.clock.now() + timedelta(minutes=2))
    later = Application(app.settings, lambda service, *_: stack.aws.client(service), clock=in_two_minutes)
    assert later.sweeper()["announced"] >= 1
    shown = stack.until(order_id, "CONFIRMED")
    assert shown["attempts"] == 2
    by = [e.event.by for e in app.events.load(order_id) if isinstance(e.event, OrderRedriven)]
    assert by == ["orderbridge"], "nobody had to do anything"


def test_money_that_is_stuck_alerts_as_its_own_kind_and_goes_back_when_it_can(stack: Deployed) -> None:
    with subscribed(stack) as pager:
        with switched(stack, "payment", Mode.BROKEN, "refund"):
            order_id = stack.submit(held_order())
            assert stack.until(order_id, "FAILED", "REJECTED")["status"] == "FAILED"
            [alert] = wait_for_messages(stack, pager, 1)
        assert alert["Subject"].startswith("Money or stock is stuck: RefundPayment Misconfigured")
        assert "It holds: a payment of" in alert["Message"]
    answer = stack.api.post(f"/orders/{order_id}/redrive", WHO, role="operate")
    assert answer.status == 202, answer.body
    assert stack.until(order_id, "REJECTED", "CONFIRMED")["status"] == "REJECTED"
    charge = charge_of(stack, order_id)
    assert charge is not None
    assert charge.state is ChargeState.REFUNDED
    assert not stack.app.inventory.holds_anything(order_id)
