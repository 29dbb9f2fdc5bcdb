"""Adds a made-up field to a copy of the tree, forgets it in one channel after the other, and tells what noticed.

`python -m tests.support.fields.forgotten FILE`, run inside the copy, writes JSON: omission -> channel -> message.
Each omission is played in a child of one process, in which the libraries are loaded once and our own modules never.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

FIELD = "purchase_order_number"
IN_JSON = rf'"{FIELD}": "[^"]*",|,\s*"{FIELD}": "[^"]*"'

LIBRARIES = (
    *("aws_lambda_powertools", "chalice.local", "concurrent.futures.thread", "hypothesis.strategies", "jsonschema"),
    *("msgspec", "pydantic.json_schema", "pydantic.main", "pydantic.type_adapter", "pytest", "sqlite3", "tomllib"),
)
"""Loaded before the children are made."""

Edit = tuple[str, str, str]
"""File, a text that stands in it once, what it becomes."""

DOMAIN: Edit = (
    "chalicelib/domain/order.py",
    "    ship_to: Address\n\n    @property",
    f'    ship_to: Address\n    {FIELD}: str = ""\n\n    @property',
)
MODEL: Edit = (
    "chalicelib/orders/payload.py",
    "    ship_to: AddressIn\n",
    f"    ship_to: AddressIn\n    {FIELD}: Key | None = None\n",
)
VIEW_SCHEMA: Edit = (
    "chalicelib/api/views/schemas.py",
    "    payment_method: str\n",
    f"    payment_method: str\n    {FIELD}: str\n",
)
VIEW: Edit = (
    "chalicelib/api/views/orders.py",
    '        "payment_method": content.payment.method,\n',
    f'        "payment_method": content.payment.method,\n        "{FIELD}": content.{FIELD},\n',
)
WORDS: Edit = (
    "poller/onboarding/discover.py",
    '    "payment.token": (r"token",),\n',
    f'    "payment.token": (r"token",),\n    "{FIELD}": (r"(po|purchase_order)_?(no|number)",),\n',
)
ADDITION: tuple[Edit, ...] = (DOMAIN, MODEL, VIEW_SCHEMA, VIEW, WORDS)
"""The code of a new optional field, whole; the OpenAPI document is made from it."""

LEFT_OUT: Mapping[str, tuple[Edit, ...]] = {
    "the domain's class": (DOMAIN,),
    "the JSON model": (MODEL,),
    "the view": (VIEW_SCHEMA, VIEW),
    "the words of discover": (WORDS,),
}
"""Omission -> what of the addition is not done."""

SPOILT: Mapping[str, Edit] = {
    "REST": (
        "chalicelib/api/handlers/orders.py",
        "return parse_order(body, services.clock.now())",
        f"return parse_order({{k: v for k, v in body.items() if k != {FIELD!r}}}, services.clock.now())",
    ),
    "the way into the domain": (
        "chalicelib/orders/hand_over.py",
        "if value is not None}",
        f"if value is not None and name != {FIELD!r}}}",
    ),
    "batch in the call": (
        "chalicelib/batches/service.py",
        'order + "\\n" for',
        f"__import__('re').sub(r', \"{FIELD}\": \"[^\"]*\"', '', order) + '\\n' for",
    ),
    "batch JSONL": (
        "chalicelib/batches/parsing/jsonl.py",
        'yield FileRecord(line.number, line.text or "",',
        f"yield FileRecord(line.number, __import__('re').sub({IN_JSON!r}, '', line.text or ''),",
    ),
    "batch JSON": (
        "chalicelib/batches/parsing/json_array.py",
        "yield FileRecord(number, text)",
        f"yield FileRecord(number, re.sub({IN_JSON!r}, '', text))",
    ),
    "batch CSV": (
        "chalicelib/batches/parsing/csv_mapping.py",
        "in fields.LEAVES.items():\n            column",
        f"in fields.LEAVES.items():\n            if path == {FIELD!r}: continue\n            column",
    ),
    "the mapping language": (
        "chalicelib/mapping/field_model.py",
        'NOT_IN_ORDER = ("source", "lines")',
        f'NOT_IN_ORDER = ("source", "lines", {FIELD!r})',
    ),
    "the poller": (
        "poller/reading/mapping.py",
        'mapped["lines"] = self._lines(order, faults)',
        f'mapped["lines"] = self._lines(order, faults); mapped.pop({FIELD!r}, None)',
    ),
    "storage": (
        "chalicelib/adapters/dynamodb/events/codec.py",
        "msgspec.json.encode(recorded.event).decode()",
        f"msgspec.json.encode(recorded.event).decode().replace('\"{FIELD}\"', '\"forgotten\"')",
    ),
    "the comparison of a repeated order": (
        "chalicelib/domain/order.py",
        "for name in value.__dataclass_fields__:",
        f"for name in value.__dataclass_fields__.keys() - {{{FIELD!r}}}:",
    ),
    "the sample company's JSON": ("local/sample/draft.py", "if inner != each.default}", f"if each.name != {FIELD!r}}}"),
    "the drafted source file": (
        "poller/onboarding/draft.py",
        "in fields.LEAVES.items():\n",
        f"in fields.LEAVES.items():\n            if path == {FIELD!r}: continue\n",
    ),
}
"""Omission -> an edit, after the whole addition, by which one channel loses the field."""


def edited(root: Path, edits: tuple[Edit, ...]) -> None:
    for name, old, new in edits:
        text = (root / name).read_text()
        assert text.count(old) == 1, f"{name}: {old!r} stands there {text.count(old)} times; correct {__name__}"
        (root / name).write_text(text.replace(old, new))


def told_by_checks() -> dict[str, str]:
    """Channel -> why its check failed; "start" if our modules could not even be loaded."""
    from hypothesis import HealthCheck, Phase, given, settings

    try:
        from tests.support.fields.channels import CHANNELS
        from tests.support.fields.filler import orders
    except TypeError as error:
        return {"start": str(error)}
    found: dict[str, str] = {}

    @settings(
        max_examples=1, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(orders())
    def play(payload: dict[str, Any]) -> None:
        for name, check in CHANNELS.items():
            try:
                check(payload)
            except (Exception, _outcomes()) as error:  # noqa: BLE001 -- whatever it is, the check is red
                found[name] = f"{type(error).__name__}: {error}"

    play()
    return found


def _outcomes() -> type[BaseException]:
    """What pytest.raises() raises if nothing was raised."""
    import pytest

    return pytest.fail.Exception


def in_child(root: Path, edits: tuple[Edit, ...], fresh_document: bool = False) -> dict[str, str]:
    """What the checks say of the tree with these edits, which are then taken back. `fresh_document` stays."""
    before = {name: (root / name).read_text() for name, _, _ in edits}
    edited(root, edits)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        if fresh_document:
            _write_document()
        with os.fdopen(writer, "w") as out:
            json.dump(told_by_checks(), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    for name, text in before.items():
        (root / name).write_text(text)
    return dict(json.loads(told))


def _write_document() -> None:
    from chalicelib.api.handlers.system import OPENAPI_FILE
    from chalicelib.api.openapi.document import document

    OPENAPI_FILE.write_text(json.dumps(document()))


def main(root: Path) -> dict[str, dict[str, str]]:
    for library in LIBRARIES:
        import_module(library)
    gc.disable()  # of children that live for half a second
    found = {"the OpenAPI document": in_child(root, ADDITION), "nothing": in_child(root, ADDITION, fresh_document=True)}
    sys.dont_write_bytecode = True  # what has not changed is compiled by now
    for name, edits in LEFT_OUT.items():
        found[name] = in_child(root, tuple(edit for edit in ADDITION if edit not in edits))
    edited(root, ADDITION)
    for name, edit in SPOILT.items():
        found[name] = in_child(root, (edit,))
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main(Path.cwd())))
