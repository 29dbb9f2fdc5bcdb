"""The callbacks in the OpenAPI document: what is sent to an ERP that wants to be called (docs/callbacks.md)."""

from __future__ import annotations

from typing import Any

from chalicelib.api.views.webhooks import BatchEndedView, OrderEndedView

VIEWS = (OrderEndedView, BatchEndedView)

_HEADERS = {
    "webhook-id": ("The same for every repeat: drop what was received before", "o-9zc2k4m6p8r0t2v4x6z8b1d3.confirmed"),
    "webhook-timestamp": ("When it was sent, in seconds since 1970", "1795428900"),
    "webhook-signature": (
        "`v1,` and HMAC-SHA256 over id, timestamp and body, in base64; several while a secret is rotated",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}


def webhooks(shapes: dict[Any, dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    """Section `webhooks` of the document."""
    return {
        "orderEnded": {"post": _operation("Outcome of an order", shapes[OrderEndedView], known["order_ended"])},
        "batchEnded": {"post": _operation("End of a batch", shapes[BatchEndedView], known["batch_ended"])},
    }


def _operation(summary: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {
        "summary": summary,
        "description": "A signed POST, as Standard Webhooks has it; sent at least once, for three days.",
        "tags": ["callbacks"],
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
                "example": value,
            }
            for name, (text, value) in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "examples": {"callback": {"value": example}}}},
        },
        "responses": {
            "2XX": {"description": "Received. Answer within 5 seconds, and work later."},
            "5XX": {"description": "It is sent again later."},
            "4XX": {"description": "It is put away until an operator sends it again (408, 425 and 429: sent again)."},
        },
    }
