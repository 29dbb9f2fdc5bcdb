"""The shapes of the OpenAPI document: JSON schemas of the request models and of the answers' typed dictionaries."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import UnionType
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import is_typeddict

from chalicelib.api.openapi.variants import with_variants
from chalicelib.api.openapi.webhooks import VIEWS
from chalicelib.api.route import BODILESS
from chalicelib.api.routes import ROUTES
from chalicelib.api.views.schemas import ProblemDocument


def schemas() -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    """Type -> its reference, and the components. Docstrings under the fields of a view become descriptions."""
    bodies = {body for route in ROUTES for body in route.bodies}
    answers = {answer.view for route in ROUTES for answer in route.answers}
    shown = {part for view in answers if view not in (None, BODILESS) for part in parts(view)}
    views = shown | {ProblemDocument, *VIEWS}
    for view in _with_inner(views):
        view.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = [
        *((body, "validation", TypeAdapter(body)) for body in sorted(bodies, key=_name)),
        *((view, "serialization", TypeAdapter(view)) for view in sorted(views, key=_name)),
    ]
    found, definitions = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    components = {name: _untitled(schema) for name, schema in definitions["$defs"].items()}
    return {key: schema for (key, _), schema in found.items()}, with_variants(components)


def _untitled(schema: Any) -> Any:
    """Without pydantic's titles, which only repeat the names. A property may well be called "title"."""
    if isinstance(schema, list):
        return [_untitled(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _untitled(inner) for key, inner in schema.items() if key not in ("title", "properties")}
    if "patternProperties" in schema:
        kept.setdefault("additionalProperties", False)
    if "properties" in schema:
        kept["properties"] = {name: _untitled(inner) for name, inner in schema["properties"].items()}
    return kept


def _with_inner(views: Iterable[Any]) -> set[Any]:
    """The views and every typed dictionary of the modules that they come from."""
    modules = {sys.modules[view.__module__] for view in views}
    return {value for module in modules for value in vars(module).values() if is_typeddict(value)}


def parts(view: Any) -> tuple[Any, ...]:
    return get_args(view) if isinstance(view, UnionType) else (view,)


def _name(kind: Any) -> str:
    return str(kind.__name__)
