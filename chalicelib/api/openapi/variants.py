"""Either/or in the OpenAPI document: a model whose fields exclude each other becomes one schema for each way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to fill a model: `fixed` fields have one of these values, `needs` must be there, `without` must not."""

    name: str
    description: str
    fixed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


VARIANTS = {
    "PaymentIn": (
        Variant("CardPaymentIn", "By card, with the provider's token.", {"method": ("card",)}, needs=("token",)),
        Variant("AccountPaymentIn", "On the customer's credit.", {"method": ("on_account",)}, without=("token",)),
    ),
    "BatchIn": (
        Variant(
            "BatchOfOrdersIn",
            "Orders in the call itself.",
            needs=("orders",),
            without=("format", "encoding", "mapping"),
        ),
        Variant(
            "BatchOfCsvIn",
            "A CSV file, which will be uploaded.",
            {"format": ("csv",)},
            without=("orders", "encoding"),
        ),
        Variant(
            "BatchOfJsonIn",
            "A JSON or JSON Lines file, which will be uploaded.",
            {"format": ("jsonl", "json")},
            without=("orders", "mapping"),
        ),
    ),
}
"""Model -> the ways to fill it; a test holds the models to it."""


def with_variants(components: dict[str, Any]) -> dict[str, Any]:
    """The schemas, those of VARIANTS replaced by `oneOf`."""
    found = dict(components)
    for name, variants in VARIANTS.items():
        base = components[name]
        found |= {variant.name: _schema(base, variant) for variant in variants}
        found[name] = {
            "description": base.get("description", ""),
            "oneOf": [{"$ref": f"#/components/schemas/{variant.name}"} for variant in variants],
        }
    return dict(sorted(found.items()))


def _schema(base: dict[str, Any], variant: Variant) -> dict[str, Any]:
    properties = {key: value for key, value in base["properties"].items() if key not in variant.without}
    for key, values in variant.fixed.items():
        kept = {word: value for word, value in properties[key].items() if word in ("description", "examples")}
        properties[key] = {**kept, "type": "string", "enum": list(values)}
    required = [*base.get("required", ()), *variant.fixed, *variant.needs]
    for key in required:
        properties[key] = _not_null(properties[key])
    return {
        **{key: value for key, value in base.items() if key not in ("properties", "required")},
        "description": variant.description,
        "properties": properties,
        "required": list(dict.fromkeys(required)),
    }


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the null that stands for "not there"."""
    ways = [way for way in schema.get("anyOf", ()) if way != {"type": "null"}]
    if len(ways) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key not in ("anyOf", "default")}, **ways[0]}
