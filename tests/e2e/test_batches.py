"""Batches on the deployed system: uploads that start by themselves, broken files, a kill, an outage, singles beside."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from chalicelib.adapters.fault_injection.switches import Mode, Switch
from chalicelib.adapters.payments import DEPENDENCY as PAYMENT
from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.domain.order import order_id
from local.client.submit_batch import ENDED, Sent, outcomes, report, send, standing
from local.sample.batch import batch_file, batch_lines
from local.sample.stream import order_at
from tests.support.e2e.deployed import OUTCOME_TIMEOUT_S, POLL_S, Deployed

pytestmark = pytest.mark.e2e

_seeds = itertools.count(7001)


def ended(stack: Deployed, sent: Sent) -> dict[str, Any]:
    """The batch when it has ended; at every look on the way its accounting must add up."""
    return once(stack, sent, lambda batch: batch["state"] in ENDED)


def once(stack: Deployed, sent: Sent, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The batch as soon as the condition holds."""
    deadline = time.monotonic() + OUTCOME_TIMEOUT_S
    while True:
        found = standing(stack.api, sent)
        counts = found["counts"]
        assert counts["received"] == counts["accepted"] + counts["duplicate"] + counts["invalid"]
        parts = ("confirmed", "rejected", "cancelled", "failed", "running")
        assert counts["accepted"] == sum(counts[part] for part in parts)
        if condition(found):
            return found
        assert time.monotonic() < deadline, f"waited {OUTCOME_TIMEOUT_S:.0f} s in vain: {found}"
        time.sleep(POLL_S)


def execution_arn(stack: Deployed, batch: dict[str, Any]) -> str:
    machine = stack.settings.bulk_state_machine_arn.replace(":stateMachine:", ":execution:")
    return f"{machine}:{batch['batch_id']}-{batch['attempts']}"


def test_a_gzip_file_with_every_kind_of_line(stack: Deployed) -> None:
    seed = next(_seeds)
    pushed = {**order_at(1, 1).payload, "external_id": f"BT-{seed}-0000001"}
    stack.outcome(stack.submit(pushed))
    data, expected = batch_file(seed, 100)
    lines = data.decode().splitlines()
    lines[1] = json.dumps(pushed)
    expected.update({"CONFIRMED": -1, "duplicate": 1})
    data = "\n".join(lines).encode()
    batch = ended(stack, send(stack.api, gzip.compress(data, mtime=0), "jsonl"))
    told = report(batch)
    assert (batch["state"], outcomes(told)) == ("COMPLETED", expected)
    assert [line["line"] for line in told] == list(range(1, 101))
    assert told[1]["outcome"] == "duplicate"
    text = urllib3.request("GET", batch["report"]["csv"]).data.decode("utf-8-sig")
    assert [row["order_id"] for row in csv.DictReader(io.StringIO(text))] == [line["order_id"] for line in told]
    assert batch["attempts"] == 1
    again = ended(stack, send(stack.api, data, "jsonl"))  # not packed this time: the content counts
    assert (again["batch_id"], again["attempts"], again["counts"]) == (batch["batch_id"], 1, batch["counts"])


def test_orders_in_the_call_itself(stack: Deployed) -> None:
    seed = next(_seeds)
    orders = [json.loads(line.text) for line in batch_lines(seed, 5)]
    answer = stack.api.post("/batches", {"source": "sap-emea", "orders": orders})
    assert answer.status == 202
    batch = ended(stack, Sent(answer.body["links"]["self"]))
    assert (batch["state"], batch["counts"]["confirmed"]) == ("COMPLETED", 5)


def test_a_csv_file_by_the_mapping_of_its_source(stack: Deployed) -> None:
    seed = next(_seeds)
    payload = {**json.loads(next(batch_lines(seed, 1)).text)}
    mapping = """
encoding = "cp1252"
delimiter = ";"
[order]
external_id = "NR"
ordered_at = { column = "DATUM", transforms = ["date:%d.%m.%Y"] }
customer_id = "KUNDE"
currency = "WAEHRUNG"
total = { computed = "sum_of_lines" }
payment = { method = { constant = "card" }, token = { constant = "pm_card_visa" } }
ship_to = { name = "NAME", address = "NAME", city = "ORT", postal_code = "PLZ", country = "LAND" }
[line]
line = { computed = "position" }
sku = "ARTIKEL"
quantity = "MENGE"
unit_price = { column = "PREIS", transforms = ["decimal_comma"] }
tax_rate = { column = "MWST", transforms = ["decimal_comma"] }
"""
    stack.app.batches.mappings.publish("sap-emea", "german", mapping)
    rows = ["NR;DATUM;KUNDE;WAEHRUNG;NAME;ORT;PLZ;LAND;ARTIKEL;MENGE;PREIS;MWST"]
    to = payload["ship_to"]
    for line in payload["lines"]:
        price, tax = (line[name].replace(".", ",") for name in ("unit_price", "tax_rate"))
        rows.append(
            f'C-{seed};23.11.2026;{payload["customer_id"]};{payload["currency"]};"Größe; GmbH";Köln;50667;'
            f"{to['country']};{line['sku']};{line['quantity']};{price};{tax}"
        )
    batch = ended(stack, send(stack.api, "\r\n".join((*rows, "")).encode("cp1252"), "csv", mapping="german"))
    (told,) = report(batch)
    assert (told["status"], told["line"]) == ("CONFIRMED", 2)
    order = stack.app.events.load(told["order_id"])[0]
    assert order.correlation_id == f"{batch['batch_id']}.2"


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"", "jsonl", "the file is empty"),
        (gzip.compress(b'{"n": 1}\n' * 999, mtime=0)[:-20], "jsonl", "truncated"),
        (b"PK\x03\x04" + bytes(200), "csv", "Excel"),
        (b"\x00\x01\x02" * 99, "json", "binary"),
        (b"external_id;total\n1;2\n", "csv", "lacks columns"),
        (b'[{"n": 1}, {"n"', "json", "truncated after element 1"),
    ],
)
def test_a_broken_file_is_refused_in_plain_words(stack: Deployed, data: bytes, kind: str, said: str) -> None:
    batch = ended(stack, send(stack.api, data, kind))
    assert batch["state"] == "REFUSED"
    assert said in batch["problem"]


def test_lines_that_are_broken_are_reported_and_the_others_go_on(stack: Deployed) -> None:
    seed = next(_seeds)
    good = [line.text.encode() for line in batch_lines(seed, 2)]
    unknown = {**json.loads(good[0]), "external_id": f"X-{seed}", "colour": "red"}
    first = json.loads(good[0])
    latin = {**first, "external_id": f"E-{seed}", "ship_to": {**first["ship_to"], "city": "K#ln"}}
    lost = json.dumps(latin).encode().replace(b"K#ln", b"K\xf6ln")
    data = b"\n".join([good[0], b"x" * 5_000_000, lost, json.dumps(unknown).encode(), good[1]])
    batch = ended(stack, send(stack.api, data, "jsonl"))
    told = report(batch)
    assert [line["outcome"] for line in told] == ["accepted", "invalid", "invalid", "invalid", "accepted"]
    assert "1,000,000" in told[1]["errors"][0]["message"]
    assert told[2]["errors"][0]["field"] == "ship_to.city"
    assert "encoding" in told[2]["errors"][0]["message"]
    assert [error["field"] for error in told[3]["errors"]] == ["colour"]


def test_both_of_two_files_through_one_form_are_taken_in(stack: Deployed) -> None:
    """However quickly the second follows: the notice of each names the version that it is about."""
    seed = next(_seeds)
    orders = [
        {**json.loads(line.text), "external_id": f"FORM-{seed}-{n}"} for n, line in enumerate(batch_lines(seed, 6))
    ]
    form = stack.api.post("/batches", {"source": "sap-emea", "format": "jsonl"}).body["upload"]
    for part in (orders[:3], orders[3:]):
        file = "".join(json.dumps(order) + "\n" for order in part).encode()
        fields: dict[str, Any] = {**form["fields"], "file": ("orders", file, "application/octet-stream")}
        assert urllib3.request("POST", form["url"], fields=fields).status == 201
    for order in orders:
        stack.outcome(order_id("sap-emea", order["external_id"]))


def test_of_a_csv_file_an_order_is_taken_whole_or_not_at_all(stack: Deployed) -> None:
    seed = next(_seeds)
    columns = [name for name in parse_mapping(CANONICAL).columns if name != "payment_token"]
    whole, torn, broken = (f"CSV-{seed}-{each}" for each in ("whole", "torn", "broken"))

    def row(number: str, line: int, city: str = "Wien") -> str:
        head = f"{number},2026-11-23T10:15:00Z,C-1001,EUR,30.00,on_account,Ana,Weg 1,{city},1010,AT"
        return f"{head},{line},WIDGET-1,1,12.50,0.20"

    rows = [row(whole, 1), row(whole, 2), row(torn, 1), row(broken, 1), row(broken, 2, "Wien, Mitte"), row(torn, 2)]
    batch = ended(stack, send(stack.api, "\n".join((",".join(columns), *rows, "")).encode(), "csv"))
    told = {(line["external_id"], line["line"], line["last_line"]): line["outcome"] for line in report(batch)}
    assert told == {
        (whole, 2, 3): "accepted",
        (torn, 4, 4): "invalid",
        (broken, 5, 6): "invalid",
        (torn, 7, 7): "invalid",
    }
    assert batch["counts"]["confirmed"] == 1
    assert batch["file"] == {
        "lines": 7,
        "header": 1,
        "blank": 0,
        "skipped": 0,
        "records": 6,
        "bytes": batch["file"]["bytes"],
    }


def test_a_form_takes_no_file_that_is_too_large(stack: Deployed) -> None:
    form = stack.app.batches.files.form("uploads/sap-emea/u-large/orders", 1000)
    fields: dict[str, Any] = {**form.fields, "file": ("orders", b"x" * 1001, "application/octet-stream")}
    assert urllib3.request("POST", form.url, fields=fields).status == 400


def test_killed_in_the_middle_and_sent_again(stack: Deployed) -> None:
    data, expected = batch_file(next(_seeds), 100)
    sent = send(stack.api, data, "jsonl")
    half = once(stack, sent, lambda batch: batch["counts"]["received"] >= 30)
    stack.aws.client("stepfunctions").stop_execution(executionArn=execution_arn(stack, half))
    batch = ended(stack, send(stack.api, data, "jsonl"))
    told = report(batch)
    assert (batch["batch_id"], batch["attempts"], batch["state"]) == (half["batch_id"], 2, "COMPLETED")
    assert outcomes(told) == expected
    assert len({line["order_id"] for line in told if line["outcome"] == "accepted"}) == batch["counts"]["accepted"]


def test_payment_down_for_a_while_in_the_middle(stack: Deployed) -> None:
    """Orders that are parked meanwhile are redriven by themselves, and the accounting follows them."""
    data, expected = batch_file(next(_seeds), 100)
    sent = send(stack.api, data, "jsonl")
    once(stack, sent, lambda batch: batch["counts"]["received"] >= 20)
    until = stack.app.clock.now() + timedelta(seconds=6)
    stack.app.switches.on(Switch(PAYMENT, Mode.UNAVAILABLE, until=until))
    try:
        ended(stack, sent)
    finally:
        stack.app.switches.off(PAYMENT)
    batch = once(stack, sent, lambda batch: not batch["counts"]["failed"] and not batch["counts"]["running"])
    assert batch["counts"]["confirmed"] == expected["CONFIRMED"]
    resumed = stack.api.post(f"/batches/{batch['batch_id']}/resume", {"reason": "the report anew"}, role="operate")
    assert resumed.status in (202, 409)
    assert outcomes(report(ended(stack, sent))) == expected


def test_single_orders_are_confirmed_while_a_batch_runs(stack: Deployed) -> None:
    data, _ = batch_file(next(_seeds), 60)
    sent = send(stack.api, data, "jsonl")
    once(stack, sent, lambda batch: batch["counts"]["received"] > 0)
    order_id = stack.submit({**order_at(1, 2).payload, "external_id": f"BESIDE-{next(_seeds)}"})
    assert stack.outcome(order_id)["status"] == "CONFIRMED"
    assert standing(stack.api, sent)["state"] not in ENDED
    ended(stack, sent)


def test_a_cancelled_batch_stops_and_says_what_it_did_not_do(stack: Deployed) -> None:
    data, _ = batch_file(next(_seeds), 100)
    sent = send(stack.api, data, "jsonl")
    batch = once(stack, sent, lambda batch: batch["counts"]["received"] > 5)
    asked = {"reason": "the wrong file", "running_orders": "cancel"}
    assert stack.api.post(f"/batches/{batch['batch_id']}/cancel", asked, role="operate").status == 202
    batch = ended(stack, sent)
    told = report(batch)
    assert batch["state"] == "CANCELLED"
    assert len(told) == 100
    assert outcomes(told)["not_processed"] == batch["waiting"] > 0


def test_the_same_file_from_many_at_once_is_one_batch(stack: Deployed) -> None:
    data, expected = batch_file(next(_seeds), 20)
    sent: list[Sent] = []
    threads = [threading.Thread(target=lambda: sent.append(send(stack.api, data, "jsonl"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batches = [ended(stack, each) for each in sent]
    assert len({batch["batch_id"] for batch in batches}) == 1
    assert outcomes(report(batches[0])) == expected
