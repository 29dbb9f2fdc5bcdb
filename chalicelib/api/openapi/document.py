"""Makes the OpenAPI 3.1 document from the models, the views, the problems and the routes.

`python -m chalicelib openapi` writes it beside this file.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib import API_VERSION
from chalicelib.api.handlers.system import OPENAPI_FILE
from chalicelib.api.http import problems
from chalicelib.api.http.idempotency import RETENTION
from chalicelib.api.http.problems import ProblemType
from chalicelib.api.http.query import MAX_PAGE
from chalicelib.api.http.request import JSON
from chalicelib.api.openapi.examples import examples, problem_example
from chalicelib.api.openapi.other_methods import HEAD_ANSWER, head_answer, head_of, options_operation
from chalicelib.api.openapi.schemas import parts, schemas
from chalicelib.api.openapi.webhooks import webhooks
from chalicelib.api.route import BODILESS, Answered, Route
from chalicelib.api.routes import ROUTES
from chalicelib.api.services import Limits
from chalicelib.api.views.schemas import ProblemDocument
from chalicelib.domain.order import MAX_LINES

_HEADERS = {
    "X-Correlation-ID": "The id that leads to every log line about the call: yours if you sent one, else made.",
    "Location": "The path of the order, or of the job.",
    "Allow": "The methods that the path has.",
    "Idempotent-Replayed": "`true`: it was accepted before this call, or this is the first answer to the key again.",
    "Retry-After": "Seconds to wait before repeating the same request, or before asking where it stands.",
    "Link": 'The next page, as `rel="next"` (RFC 8288).',
    "API-Version": "The version of this API that answered.",
    "ETag": "The order's version, in quotes: for `If-None-Match` and `If-Match`.",
    "Preference-Applied": "Of `Prefer`, what was done.",
    "WWW-Authenticate": "Bearer",
}

TAGS = {
    "orders": "Hand over orders, and see where each one stands.",
    "batches": "Hand over many orders at once, in the call or as a file.",
    "dead-letters": "Orders that failed for technical reasons: for operators.",
    "callbacks": "What is sent to an ERP that wants to be called.",
    "system": "What needs no token.",
}

PATH_PARAMETERS = {
    "order_id": ("As `order_id` of the order", "^o-[0-9a-z]{24}$", "o-9zc2k4m6p8r0t2v4x6z8b1d3"),
    "batch_id": (
        "As `batch_id` of the batch, or the id of an upload, as in `links.self` of its offer",
        "^(b-[0-9a-z]{24}|u-[0-9A-Za-z-]{1,64})$",
        "b-3f9a1c0b77de5k2m8p4q6r0t",
    ),
    "id": ("The fingerprint of a group, or an order's id", "^([0-9a-f]{12}|o-[0-9a-z]{24})$", "3f9a1c0b77de"),
    "job_id": ("As `job_id` of the job", "^[0-9A-Za-z-]{1,64}$", "20261123T101502125000-1f2e3d4c"),
}
"""Name -> description, pattern, example."""

DESCRIPTION = f"""
Takes orders out of ERPs, and says where each one stands.

**Repeating is safe.** Every call may be repeated as it is; nothing is done twice.
**Errors** are problem documents (RFC 9457): programs look at `type`, people at `detail` and `errors`.
**Money** is a decimal string, never a JSON number. **Times** have an offset; answers are in UTC.
**Limits**: a body has at most {Limits().max_body_bytes:,} bytes, an order {MAX_LINES} lines, a page {MAX_PAGE} orders.
Request rates are limited per deployment; above the limit the answer is 429 with `Retry-After`.
**Methods**: HEAD answers as GET does, without the body; OPTIONS names a path's methods in `Allow`; any other is 405.
**Tokens** have a role: `ingest` posts and reads the orders of one source, `read` reads everything, `operate` reads and
commands. Send one as `Authorization: Bearer ob_...`.
""".strip()


def document() -> dict[str, Any]:
    """The whole document."""
    shapes, components = schemas()
    known = examples()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, shapes, known)
    for path, item in paths.items():
        if "get" in item:
            item["head"] = head_of(item["get"])
        item["options"] = _options(path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Orderbridge",
            "version": API_VERSION,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": ".", "description": "Where this document is served"}],
        "security": [{"token": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "webhooks": webhooks(shapes, known),
        "components": {
            "schemas": components,
            "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS.items()},
            "parameters": {"CorrelationId": _CORRELATION_PARAMETER, "IdempotencyKey": _KEY_PARAMETER},
            "responses": {
                **_problem_responses(shapes),
                problems.METHOD_NOT_ALLOWED.slug: _problem_response([problems.METHOD_NOT_ALLOWED], shapes),
                HEAD_ANSWER: head_answer(_headers("X-Correlation-ID", "API-Version")),
            },
            "examples": {kind.slug: {"value": problem_example(kind)} for kind in problems.KINDS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "ob_<id>_<secret>"}},
        },
    }


_CORRELATION_PARAMETER = {
    "name": "X-Correlation-ID",
    "in": "header",
    "description": "Your own id for this call; it is logged, stored with a new order, and returned.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    "example": "erp-batch-42.7",
}


_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Your own key for this request, such as a UUID, in quotes or not. A repeat with the same key and "
    f"body gets the first answer for {RETENTION // timedelta(hours=1)} hours; another request with it is refused.",
    "schema": {"type": "string", "pattern": r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~]{1,255})$'},
}


def _operation(route: Route, shapes: dict[Any, dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    roles = f" Roles: {', '.join(route.roles)}." if route.roles else ""
    replayed = ("Idempotent-Replayed",) if route.bodies else ()
    found: dict[str, Any] = {
        "operationId": _operation_id(route.method, route.path),
        "tags": [_tag(route.path)],
        "summary": route.summary,
        "description": route.description + roles,
        "parameters": [*_path_parameters(route.path), *route.parameters, _reference("parameters", "CorrelationId")],
        "responses": {
            **{str(answer.status): _answer(answer, replayed, shapes, known) for answer in route.answers},
            **{
                str(kinds[0].status): {"$ref": f"#/components/responses/{_joined(kinds)}"} for kinds in _problems(route)
            },
        },
    }
    if not route.roles:
        found["security"] = []
    if route.bodies:
        found["parameters"].append(_reference("parameters", "IdempotencyKey"))
        schema = _one_of([shapes[body] for body in route.bodies])
        content = _content(schema, route.body_examples, known)
        found["requestBody"] = {"required": True, "content": {JSON: content}}
    return found


def _options(path: str) -> dict[str, Any]:
    found = options_operation(_operation_id("options", path), _headers("X-Correlation-ID", "API-Version", "Allow"))
    found["tags"] = [_tag(path)]
    anything = [{**parameter, "schema": {"type": "string"}} for parameter in _path_parameters(path)]
    found["parameters"] = [*anything, _reference("parameters", "CorrelationId")]
    for kind in ANY_TIME:
        found["responses"][str(kind.status)] = _reference("responses", kind.slug)
    return found


def _tag(path: str) -> str:
    first = path.split("/")[1]
    return first if first in TAGS else "system"


def _operation_id(method: str, path: str) -> str:
    words = re.findall(r"[a-z]+", re.sub(r"\{.*?\}", "one", path))
    return method.lower() + "".join(word.capitalize() for word in words)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", path)
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH_PARAMETERS[name][0],
            "schema": {"type": "string", "pattern": PATH_PARAMETERS[name][1]},
            "example": PATH_PARAMETERS[name][2],
        }
        for name in names
    ]


def _answer(
    answer: Answered, headers: tuple[str, ...], shapes: dict[Any, dict[str, Any]], known: dict[str, Any]
) -> dict[str, Any]:
    described = {
        "description": answer.description,
        "headers": _headers("X-Correlation-ID", "API-Version", *answer.headers, *headers),
    }
    if answer.view is BODILESS:
        return described
    anything = {"type": "object" if answer.media_type == JSON else "string"}
    schema = _one_of([shapes[part] for part in parts(answer.view)]) if answer.view else anything
    return {
        **described,
        "content": {answer.media_type: _content(schema, answer.examples, known)},
    }


def _problems(route: Route) -> list[list[ProblemType]]:
    """What may go wrong, by status: several kinds may share one."""
    by_status: dict[int, list[ProblemType]] = {}
    for kind in problems.KINDS:
        if kind in _kinds(route):
            by_status.setdefault(kind.status, []).append(kind)
    return list(by_status.values())


def _joined(kinds: list[ProblemType]) -> str:
    return ".".join(kind.slug for kind in kinds)


def _problem_responses(shapes: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """One response for each combination that occurs."""
    combinations = {_joined(kinds): kinds for route in ROUTES for kinds in _problems(route)}
    return {name: _problem_response(kinds, shapes) for name, kinds in sorted(combinations.items())}


def _problem_response(kinds: list[ProblemType], shapes: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    own = {401: ("WWW-Authenticate",), 405: ("Allow",), 429: ("Retry-After",), 503: ("Retry-After",)}.get(
        kinds[0].status, ()
    )
    return {
        "description": " / ".join(f"`{kind.slug}`: {kind.title}. {kind.remedy}" for kind in kinds),
        "headers": _headers("X-Correlation-ID", "API-Version", *own),
        "content": {
            problems.CONTENT_TYPE: {
                "schema": shapes[ProblemDocument],
                "examples": {kind.slug: _reference("examples", kind.slug) for kind in kinds},
            }
        },
    }


ANY_TIME = (problems.MALFORMED, problems.TOO_MANY, problems.INTERNAL, problems.UNAVAILABLE)
"""What may go wrong on every route, whoever calls it for what."""


def _kinds(route: Route) -> set[ProblemType]:
    """What may go wrong: named for the route, or brought by its roles and bodies."""
    found = {*ANY_TIME, *route.problems}
    if route.roles:
        found |= {problems.UNAUTHORIZED, problems.FORBIDDEN, problems.VALIDATION}
    if route.bodies:
        found |= {problems.TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE, problems.VALIDATION}
        found |= {problems.IN_FLIGHT, problems.KEY_REUSED}
    return found


def _content(schema: dict[str, Any], names: tuple[str, ...], known: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if names:
        content["examples"] = {name: {"value": known[name]} for name in names}
    return content


def _one_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _headers(*names: str) -> dict[str, Any]:
    return {name: _reference("headers", name) for name in names}


def _reference(section: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}


def rendered() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def is_fresh(path: Path = OPENAPI_FILE) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == rendered()


def write(path: Path = OPENAPI_FILE) -> bool:
    """Make the file fresh; whether it was written."""
    if is_fresh(path):
        return False
    path.write_text(rendered(), encoding="utf-8")
    return True
