"""What needs no token: their rows of the table of routes."""

from __future__ import annotations

from chalicelib.api.handlers import system
from chalicelib.api.handlers.system import HealthView
from chalicelib.api.route import Answered, Public, Route

ROUTES = (
    Route(
        "GET",
        "/health",
        Public(system.show_health),
        "Is it up",
        "No token needed. 200 also when degraded: orders are taken in all the same.",
        (Answered(200, "The state of the system.", HealthView, ("health",)),),
    ),
    Route(
        "GET",
        "/problems",
        Public(system.show_problems),
        "What the types of problems mean",
        "A page for people, with an anchor for each type; no token needed.",
        (Answered(200, "The page.", None, media_type="text/html"),),
    ),
    Route(
        "GET",
        "/openapi.json",
        Public(system.show_openapi),
        "This document",
        "No token needed.",
        (Answered(200, "The OpenAPI document of the running version.", None),),
    ),
)
