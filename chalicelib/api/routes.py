"""The one table of routes: who may call each, what handles it, and what the OpenAPI document says about it.

Routing, roles and the document read the same row. The module is imported by the API's own function only (`app.py`),
because its models cost a cold start 100 ms; what the document alone needs (examples, schemas) is not imported here.
"""

from __future__ import annotations

from chalicelib.api.operations import batches, dead_letters, orders, system

ROUTES = (*orders.ROUTES, *batches.ROUTES, *dead_letters.ROUTES, *system.ROUTES)

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""All that API Gateway passes on; any other is unknown to it on every path."""


def served(method: str) -> list[str]:
    """The methods that a route of this method answers: whoever may GET may ask for the head of it alone."""
    return [method, "HEAD"] if method == "GET" else [method]


def allowed_methods(path: str) -> list[str]:
    """For the header `Allow`."""
    return [*(method for route in ROUTES if route.path == path for method in served(route.method)), "OPTIONS"]
