"""The same text of an order gets the same verdict by REST, in the body of a batch, as JSON and as JSON Lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.openapi.examples import ORDER
from chalicelib.batches.model import BatchState
from chalicelib.orders.json_text import MAX_DEPTH, MalformedJson, cut_array, read_json
from tests.support.api import ApiBench
from tests.support.bulk import BulkBench

GOOD = json.dumps({**ORDER, "source": "sap-emea"})
NEIGHBOUR = json.dumps({**ORDER, "source": "sap-emea", "external_id": "SO-NEIGHBOUR"})
CUSTOMER = json.dumps(ORDER["customer_id"])


def spoilt(old: str, new: str) -> str:
    assert old in GOOD, old
    return GOOD.replace(old, new, 1)


TEXTS = {
    "as it should be": GOOD,
    "a name twice": GOOD[:-1] + ', "customer_id": "C-1003"}',
    "a name twice within": spoilt('"sku":', '"sku": "OTHER", "sku":'),
    "a lost character": spoilt(CUSTOMER, '"C-\ufffd"'),
    "a lost character, escaped": spoilt(CUSTOMER, '"C-\\ufffd"'),
    "half of a character": spoilt(CUSTOMER, '"C-\\ud800"'),
    "deep": spoilt(CUSTOMER, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)),
    "endless digits": spoilt(CUSTOMER, "1" * 6000),
    "NaN": spoilt(CUSTOMER, "NaN"),
    "a line end in a string": spoilt(CUSTOMER, '"C-\n1"'),
    "a comma too many": GOOD[:-1] + ",}",
    "an array": "[1]",
    "null": "null",
    "a number": "12",
    "a string": '"text"',
    "a zero-width space": spoilt(CUSTOMER, '"C-1001\u200b"'),
    "a missing value": spoilt(CUSTOMER, '"#N/A"'),
}


def by_rest(text: str) -> bool:
    api = ApiBench()
    status = api.post("/orders", text, api.ingest).status
    assert status in (202, 400, 422)
    return status == 202


def in_a_body(text: str) -> bool:
    """Beside a good order, which is taken whatever this one is."""
    api = ApiBench()
    body = f'{{"source": "sap-emea", "orders": [{NEIGHBOUR},\n {text}]}}'
    reply = api.post("/batches", body, api.ingest)
    assert reply.status == 202, reply.text
    lines = api.bulk.run(api.bulk.batch(reply.json["batch_id"]))
    neighbour, own = (line["outcome"] for line in lines)
    assert neighbour == "accepted"
    return bool(own == "accepted")


def in_a_file(text: str, kind: str) -> bool:
    bench = BulkBench()
    data = text if kind == "jsonl" else f"[{text}]"
    batch = bench.split(bench.started(data.encode(), kind))
    if batch.state is BatchState.REFUSED:  # as a file of which nothing can be read
        return False
    [line] = bench.run(batch)
    return bool(line["outcome"] == "accepted")


@pytest.mark.parametrize("name", TEXTS)
def test_one_verdict_by_every_way(name: str) -> None:
    text, right = TEXTS[name], name == "as it should be"
    verdicts = {"REST": by_rest(text), "body": in_a_body(text), "JSON": in_a_file(text, "json")}
    if "\n" not in text:  # a line cannot hold one
        verdicts["JSONL"] = in_a_file(text, "jsonl")
    assert verdicts == dict.fromkeys(verdicts, right)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(
    elements=st.lists(VALUES, min_size=1, max_size=5),
    rest=st.dictionaries(st.text(max_size=5).filter(lambda name: name != "orders"), VALUES, max_size=3),
    indent=st.sampled_from([None, 0, 3]),
    ascii_only=st.booleans(),
)
def test_what_is_cut_out_of_a_body_is_what_stands_in_it(
    elements: list[object], rest: dict[str, object], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps({**rest, "orders": elements, "last": 1}, indent=indent, ensure_ascii=ascii_only)
    cut = cut_array(text, "orders")
    assert cut is not None
    frame, texts = cut
    assert json.loads(frame) == {**rest, "orders": [], "last": 1}
    assert [json.loads(each) for each in texts] == elements
    assert not any(end in each for each in texts for end in "\r\n")


@given(text=st.text('[]{}",:\\ \nao', max_size=40))
def test_nothing_is_cut_out_of_what_is_not_json(text: str) -> None:
    cut = cut_array(text, "orders")
    if cut is None:
        return
    frame, elements = cut
    try:
        value = json.loads(text)
    except ValueError:
        return  # the frame or an element says so when it is read
    assert json.loads(frame) == {**value, "orders": []}
    assert [json.loads(each) for each in elements] == value["orders"]


@pytest.mark.parametrize(
    "text", ['{"orders": [1,,2]}', '{"orders": [1,]}', '{"orders": [1], "orders": [2]}', "[1]", ""]
)
def test_a_body_that_is_wrong_as_a_whole_is_left_whole(text: str) -> None:
    assert cut_array(text, "orders") is None


def test_hostile_quotes_are_read_once() -> None:
    """A scan for each of a million quotes would never end."""
    assert cut_array('{"orders": [1], "x": "' + '\\"' * 500_000, "orders") is None


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH])
def test_what_is_deep_enough_is_read(levels: int) -> None:
    assert read_json("[" * levels + "]" * levels) is not None


def test_what_is_too_deep_is_said() -> None:
    with pytest.raises(MalformedJson, match=f"more than {MAX_DEPTH} levels"):
        read_json("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    with pytest.raises(MalformedJson, match=f"more than {MAX_DEPTH} levels"):
        read_json("[" * 100_000 + "]" * 100_000)


def test_a_name_that_stands_twice_is_named_with_its_place() -> None:
    with pytest.raises(MalformedJson) as refused:
        read_json('{"a": 1, "lines": [{"sku": 1}, {"sku": 1, "sku": 2}], "a": 2}')
    assert set(refused.value.places) == {"a", "lines[1].sku"}
