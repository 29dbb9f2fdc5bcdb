"""Every channel of an order as a check: given the JSON of an order, it asserts that each field came through.

What is expected is taken from that JSON, never from the code's own lists of fields.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.events.codec import from_item, to_item
from chalicelib.api.handlers.system import OPENAPI_FILE
from chalicelib.batches.model import Expected
from chalicelib.batches.service import NOT_SAID
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent, order_id
from chalicelib.orders.again import OrderConflict
from chalicelib.orders.payload import parse_order
from local.sample.draft import as_payload
from poller.database.catalogue import ColumnInfo, TableInfo
from poller.database.queries import Queries
from poller.onboarding.discover import HEADER_WORDS, LINE_WORDS, Guess
from poller.onboarding.draft import draft
from poller.reading.convert import content_of
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder
from poller.source.file import field_sources, parse_source
from tests.support import builders
from tests.support.api import ApiBench
from tests.support.bulk import BulkBench, jsonl

Payload = dict[str, Any]

SHOWN_OTHERWISE = {
    "currency": "stands in `total`",
    "lines": "their number is `line_count`",
    "payment": "its method is `payment_method`, its token is a secret",
    "ship_to": "is personal, and the ERP knows it",
}
"""Fields of an order that `GET /orders/{id}` does not show under their own name, and why."""

IDENTITY = {"source", "external_id"}
"""An order that differs in these is another order, not a conflict."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path (`lines[0].sku`) -> value, of JSON or of the domain's classes."""
    if is_dataclass(value) and not isinstance(value, Money):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def is_sent(value: Any, sent: Any) -> bool:
    """Whether a value of the domain is this one of the JSON: exactly the digits of it, the moment of a time."""
    if isinstance(value, datetime):
        return datetime.fromisoformat(sent) == value
    return bool(
        sent == (value.amount if isinstance(value, Money) else str(value) if isinstance(value, Decimal) else value)
    )


def ensure_same(payload: Payload, content: OrderContent) -> None:
    """Each field of the JSON, and no other, with its value."""
    sent, found = dict(leaves(payload)), dict(leaves(content))
    assert found.keys() == sent.keys(), f"in one only: {sorted(found.keys() ^ sent.keys())}"
    assert not [path for path in sent if not is_sent(found[path], sent[path])]


def json_to_domain(payload: Payload) -> None:
    ensure_same(payload, parse_order(payload))
    ensure_same(payload, parse_order(json.dumps(payload)))


def rest(payload: Payload) -> None:
    api = ApiBench()
    reply = api.post("/orders", payload, api.ingest)
    assert reply.status == 202, reply.text
    ensure_same(payload, api.fakes.order(reply.json["order_id"]).content)


def view(payload: Payload) -> None:
    api = ApiBench()
    reply = api.post("/orders", payload, api.ingest)
    assert reply.status == 202, reply.text
    shown = api.get(reply.json["links"]["self"], api.read).json
    assert not SHOWN_OTHERWISE.keys() - payload.keys(), "an exception for a field that orders do not have"
    content = parse_order(payload)
    for name in payload.keys() - SHOWN_OTHERWISE.keys():
        assert name in shown, f"{name} is not in the view, nor is it said why"
        value = shown[name]["amount"] if isinstance(shown[name], dict) else shown[name]
        assert is_sent(getattr(content, name), value), name


def batch_in_the_call(payload: Payload) -> None:
    bench = BulkBench()
    batch, _ = bench.service.take(payload["source"], [json.dumps(payload)])
    bench.run(batch)
    ensure_same(payload, bench.fakes.order(_id(payload)).content)


def batch_jsonl(payload: Payload) -> None:
    ensure_same(payload, _of_file(payload, jsonl([payload]), "jsonl"))


def batch_json(payload: Payload) -> None:
    ensure_same(payload, _of_file(payload, json.dumps([payload], indent=1).encode(), "json"))


def batch_csv(payload: Payload) -> None:
    """By the built-in mapping: the columns are the paths of the fields."""
    header, rows = _columns(payload)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*header, *rows[0]])
    writer.writeheader()
    writer.writerows({**header, **row} for row in rows)
    announced = Expected(orders=1)  # else the last order must agree with its total, and this one need not
    assert _of_file(payload, text.getvalue().encode(), "csv", announced) == parse_order(payload)


def poller_mapping(payload: Payload) -> None:
    header, rows = _columns(payload)
    order = "\n".join(f'{path} = "{_column(path)}"' for path, _ in _header_leaves(payload))
    line = "\n".join(f'{path} = "{path}"' for path in rows[0])
    source = parse_source(
        f'name = "{payload["source"]}"\ndialect = "sqlite"\n[connection]\nsqlite = "erp.db"\n[cursor]\nmode = "id"\n'
        '[orders]\ntable = "o"\nkey = ["external_id"]\n[lines]\ntable = "l"\nkey = ["external_id"]\n'
        f"[order]\n{order}\n[line]\n{line}\n"
    ).source
    queries = Queries(source, ())
    raw = RawOrder(
        key=(payload["external_id"],),
        position=(),
        header=tuple(header[name] for name in queries.header_columns),
        lines=tuple(tuple(row[name] for name in queries.line_columns) for row in rows),
    )
    assert content_of(Mapper(source, queries), raw) == parse_order(payload)


def storage(payload: Payload) -> None:
    recorded = builders.append(builders.received(parse_order(payload))).as_recorded()
    assert from_item(to_item(recorded)) == recorded


def conflict(payload: Payload) -> None:
    """One changed field is refused, and is the one that is named."""
    bench = ApiBench()
    intake, content = bench.services().intake, parse_order(payload)
    intake.accept(content, "c-1")
    for path, _ in leaves(payload):
        changed = _changed(content, re.split(r"[.\[\]]+", path.removesuffix("]")))
        if path in IDENTITY:
            assert changed.order_id != content.order_id
            continue
        with pytest.raises(OrderConflict) as refused:
            intake.accept(changed, f"a change of {path}")
        assert [difference.field for difference in refused.value.differences] == [path]


def openapi(payload: Payload) -> None:
    """The document that is handed out."""
    schemas = json.loads(OPENAPI_FILE.read_text())["components"]["schemas"]
    documented = set(_documented(schemas["OrderIn"], schemas))
    unlike = documented ^ {re.sub(r"\[\d+\]", "[]", path) for path, _ in leaves(payload)}
    assert not unlike, f"in one only: {sorted(unlike)}"


def sample(payload: Payload) -> None:
    """The JSON that the sample company sends has no fractions of a second."""
    content = parse_order(payload)
    content = replace(content, ordered_at=content.ordered_at.replace(microsecond=0))
    assert parse_order(as_payload(content)) == content


def drafted_source(payload: Payload) -> None:
    """`discover` has words for every field, and its draft a line: a found column, or what to do about it."""
    header, (line, *_) = [path for path, _ in _header_leaves(payload)], payload["lines"]
    unlike = {*HEADER_WORDS, *LINE_WORDS} ^ {*header, *line}
    assert not unlike, f"in one only: {sorted(unlike)}"
    columns = tuple(ColumnInfo(name, "text", True) for name in (*map(_column, header), *line))
    table = TableInfo("orders", columns, primary_key=("external_id",))
    found = {path: _column(path) for path in header}
    guess = Guess(table, TableInfo("lines", columns), "external_id", found, {name: name for name in line}, None, 9)
    source = parse_source(draft(guess, "sap-emea", "sqlite", 'sqlite = "erp.db"').replace("TODO", "x")).source
    read = {spec.column for part in (source.order, source.line) for spec in field_sources(part).values()}
    assert read == {column.name for column in columns}
    nothing = draft(replace(guess, order_fields={}, line_fields={}), "sap-emea", "sqlite", 'sqlite = "erp.db"')
    for name in (path.rpartition(".")[2] for path in (*header, *line)):
        assert re.search(rf"^(# )?{name} =", nothing, re.MULTILINE), name


CHANNELS: dict[str, Callable[[Payload], None]] = {
    "JSON to domain": json_to_domain,
    "REST": rest,
    "view": view,
    "batch in the call": batch_in_the_call,
    "batch JSONL": batch_jsonl,
    "batch JSON": batch_json,
    "batch CSV": batch_csv,
    "poller mapping": poller_mapping,
    "storage": storage,
    "conflict": conflict,
    "OpenAPI": openapi,
    "sample company": sample,
    "drafted source": drafted_source,
}


def _id(payload: Payload) -> str:
    return order_id(payload["source"], payload["external_id"])


def _of_file(payload: Payload, data: bytes, kind: str, expected: Expected = NOT_SAID) -> OrderContent:
    bench = BulkBench()
    batch = bench.split(bench.started(data, kind, expected=expected))
    assert not batch.problem, batch.problem
    bench.work(batch)
    (line,) = bench.report(bench.batch(batch.batch_id))
    assert line["outcome"] == "accepted", line
    return bench.fakes.order(_id(payload)).content


def _header_leaves(payload: Payload) -> Iterator[tuple[str, Any]]:
    """All but the lines, and the source, which is not in the file but is known of it."""
    return ((path, value) for path, value in leaves({**payload, "lines": []}) if path != "source")


def _column(path: str) -> str:
    return path.replace(".", "_")


def _columns(payload: Payload) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The cells of the header and of each line, by column."""
    return {_column(path): value for path, value in _header_leaves(payload)}, payload["lines"]


def _changed(value: Any, path: list[str]) -> Any:
    """Another value at the end of the path."""
    if path:
        name, *further = path
        if isinstance(value, tuple):
            return tuple(_changed(v, further) if number == int(name) else v for number, v in enumerate(value))
        return replace(value, **{name: _changed(getattr(value, name), further)})
    if isinstance(value, Money):
        return Money(value.minor + 1, value.currency)
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, bool):
        return not value
    return value + ("x" if isinstance(value, str) else 1)


def _documented(schema: Any, schemas: Any, path: str = "") -> Iterator[str]:
    """Paths of the leaves of a schema."""
    (schema,) = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "oneOf" in schema:
        yield from {place: None for way in schema["oneOf"] for place in _documented(way, schemas, path)}
    elif schema.get("type") == "array":
        yield from _documented(schema["items"], schemas, f"{path}[]")
    elif "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from _documented(inner, schemas, f"{path}.{name}" if path else name)
    else:
        yield path
