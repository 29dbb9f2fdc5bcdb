"""What is asked without a token: is it up, and how is it used."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

from chalicelib.api.http import problems
from chalicelib.api.http.request import Request, Response
from chalicelib.api.services import ApiServices

OPENAPI_FILE = Path(__file__).resolve().parents[1] / "openapi" / "openapi.json"


HTML = "text/html; charset=utf-8"

Health = Literal["ok", "degraded"]


class CheckView(TypedDict):
    """One thing that the system depends on."""

    name: str
    status: Health
    detail: str


class HealthView(TypedDict):
    """`degraded`: orders are taken in all the same, and finished when the dependency is back."""

    status: Health
    version: str
    checks: list[CheckView]


def show_health(_: Request, services: ApiServices) -> Response:
    """`GET /health`: 200 also when degraded, because the API itself answers."""
    checks = services.health()
    view: HealthView = {
        "status": _status(all(check.ok for check in checks)),
        "version": services.version,
        "checks": [{"name": check.name, "status": _status(check.ok), "detail": check.detail} for check in checks],
    }
    return Response(200, view)


def show_openapi(_: Request, __: ApiServices) -> Response:
    """`GET /openapi.json`: the document that belongs to this very code."""
    return Response(200, _openapi(), {"Cache-Control": "public, max-age=300"})


def show_problems(_: Request, __: ApiServices) -> Response:
    """`GET /problems`: the page that the problem documents lead to, with an anchor for each type."""
    return Response(200, _problems_page(), {"Cache-Control": "public, max-age=300"}, HTML)


@cache
def _problems_page() -> str:
    sections = "".join(
        f'<h2 id="{kind.slug}">{kind.status} {escape(kind.title)}</h2>\n'
        f"<p><code>{kind.type}</code></p>\n<p>{escape(kind.remedy)}</p>\n"
        for kind in problems.KINDS
    )
    title = "Orderbridge: problems"
    head = f'<meta charset="utf-8"><title>{title}</title>'
    return f'<!doctype html>\n<html lang="en">{head}\n<h1>{title}</h1>\n{sections}</html>\n'


def _status(ok: bool) -> Health:
    return "ok" if ok else "degraded"


@cache
def _openapi() -> str:
    return OPENAPI_FILE.read_text(encoding="utf-8")
