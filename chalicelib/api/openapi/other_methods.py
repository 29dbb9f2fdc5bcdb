"""HEAD and OPTIONS in the OpenAPI document: what every path has beside the methods of the table of routes."""

from __future__ import annotations

from typing import Any

HEAD_ANSWER = "head"
"""Name of the shared answer to HEAD in the document's components."""


def head_of(get: dict[str, Any]) -> dict[str, Any]:
    """The same operation with HEAD: every status that GET can have, none with a body."""
    answer = {"$ref": f"#/components/responses/{HEAD_ANSWER}"}
    return {
        **{key: value for key, value in get.items() if key in ("parameters", "security", "tags")},
        "operationId": "head" + get["operationId"].removeprefix("get"),
        "summary": f"{get['summary']}: status and headers alone",
        "description": "As GET, without the body.",
        "responses": dict.fromkeys(get["responses"], answer),
    }


def head_answer(headers: dict[str, Any]) -> dict[str, Any]:
    """The shared answer."""
    return {"description": "Status and headers are those of GET; there is no body.", "headers": headers}


def options_operation(operation_id: str, headers: dict[str, Any]) -> dict[str, Any]:
    """OPTIONS of a path. Needs no token: what a path can do is no secret."""
    return {
        "operationId": operation_id,
        "summary": "The methods of this path",
        "description": "No token needed. Any other method on this path answers 405 with the same `Allow`.",
        "security": [],
        "responses": {"204": {"description": "See `Allow`.", "headers": headers}},
    }
