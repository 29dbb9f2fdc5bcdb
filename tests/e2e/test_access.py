"""Who may call the deployed API, and what a token leaves behind."""

from __future__ import annotations

import json
import secrets
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import urllib3

from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import Role
from local.client.api import Answer, Client
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.orders import order
from tests.support.e2e.rehearsal import wait_until

pytestmark = pytest.mark.e2e


def with_token(stack: Deployed, token: str) -> Client:
    tokens = dict.fromkeys(("ingest", "read", "operate"), token)
    return Client(replace(stack.api.stack, tokens=tokens))


def issuer(stack: Deployed) -> TokenIssuer:
    return TokenIssuer(stack.app.tokens, stack.app.clock, secrets.token_bytes)


def test_without_a_token_nobody_is_let_in(stack: Deployed) -> None:
    response = urllib3.request("GET", f"{stack.api.stack.api_url}/orders")
    assert response.status == 401


@pytest.mark.parametrize("token", ["nonsense", "ob_aaaaaaaaaaaa_" + "A" * 43, ""])
def test_an_unknown_token_is_401(stack: Deployed, token: str) -> None:
    assert with_token(stack, token).get("/orders").status == 401


def test_a_wrong_role_is_403_and_says_which_one_is_needed(stack: Deployed) -> None:
    answer = stack.api.post("/orders", order(), role="read")
    assert answer.status == 403
    assert "ingest" in answer.body["detail"]
    order_id = stack.submit(order())
    assert stack.api.post(f"/orders/{order_id}/cancel", {"reason": "x"}, role="ingest").status == 403


def test_a_token_of_another_source_is_403(stack: Deployed) -> None:
    token = issuer(stack).create(Role.INGEST, "other-erp", timedelta(days=1)).token
    assert with_token(stack, token).post("/orders", order()).status == 403


def test_an_expired_token_is_refused(stack: Deployed) -> None:
    token = issuer(stack).create(Role.READ, "", timedelta(seconds=3)).token
    client = with_token(stack, token)
    answers: list[int] = []

    def refused() -> bool:
        answers.append(client.get("/orders").status)
        return answers[-1] != 200

    wait_until(refused, "the token has expired")
    assert answers[-1] in (401, 403)


def test_a_revoked_token_is_refused(stack: Deployed) -> None:
    issued = issuer(stack).create(Role.READ, "", timedelta(days=1))
    issuer(stack).revoke(issued.record.token_id)
    assert with_token(stack, issued.token).get("/orders").status in (401, 403)


def test_rotation_loses_no_request(stack: Deployed) -> None:
    """A caller that goes on with the old token, then with the new one, while the rotation happens."""
    old = issuer(stack).create(Role.READ, "", timedelta(days=1))
    token, statuses, stop = [old.token], [], threading.Event()

    def call() -> None:
        while not stop.is_set():
            answer: Answer = with_token(stack, token[0]).get("/orders?limit=1")
            statuses.append(answer.status)

    def wait_for_more(calls: int = 5) -> None:
        enough = len(statuses) + calls
        while len(statuses) < enough:
            time.sleep(0.05)

    caller = threading.Thread(target=call)
    caller.start()
    try:
        wait_for_more()
        new = issuer(stack).rotate(old.record.token_id, timedelta(hours=1), timedelta(days=1))
        wait_for_more()
        token[0] = new.token
        wait_for_more()
    finally:
        stop.set()
        caller.join()
    assert set(statuses) == {200}


def test_no_token_is_stored_or_logged(stack: Deployed) -> None:
    secret_parts = [token.split("_", 2)[2] for token in stack.api.stack.tokens.values()]
    stack.api.get("/orders")
    items = stack.aws.client("dynamodb").scan(TableName=stack.settings.name("control"))["Items"]
    stored = json.dumps(items, default=str)
    logs = stack.aws.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    logged = "".join(
        event["message"] for group in groups for event in logs.filter_log_events(logGroupName=group)["events"]
    )
    assert "Api" in logged, "there are logs to search"
    for secret in secret_parts:
        assert secret not in stored
        assert secret not in logged
        assert secret not in (stack.project.parent / "aws.log").read_text(errors="replace")
