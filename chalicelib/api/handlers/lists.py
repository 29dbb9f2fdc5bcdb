"""Lists: orders and batches, newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlencode

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.query import batch_query, order_query
from chalicelib.api.http.request import Request, Response, link_header
from chalicelib.api.services import ApiServices
from chalicelib.api.views.batches import BatchPageView, batch_row_view
from chalicelib.api.views.orders import row_view
from chalicelib.api.views.schemas import OrderPageView, PageLinks
from chalicelib.auth.tokens import Principal, Role
from chalicelib.batches.reporting.listing import BatchQuery
from chalicelib.domain.cursors import decode_cursor
from chalicelib.domain.order import order_id
from chalicelib.domain.state import fold
from chalicelib.ports import OrderPage, OrderQuery, OrderRow
from chalicelib.read_model.listing import matches, position

Query = TypeVar("Query", OrderQuery, BatchQuery)
Page = TypeVar("Page")


def list_orders(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`GET /orders`: a page of the read model, newest first."""
    query = _visible(order_query(request.query), principal)
    page = _read(lambda: _order_page(services, query))
    view: OrderPageView = {
        "orders": [row_view(row) for row in page.rows],
        "next_cursor": page.cursor or None,
        "links": _links(request, "/orders", query.cursor, page.cursor),
    }
    return Response(200, view, link_header(request, view["links"]))


def list_batches(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`GET /batches`: a page, newest first; with uploads that have not become a batch."""
    query = _visible(batch_query(request.query), principal)
    page = _read(lambda: services.batches.page(query))
    view: BatchPageView = {
        "batches": [batch_row_view(one) for one in page.batches],
        "next_cursor": page.cursor or None,
        "links": _links(request, "/batches", query.cursor, page.cursor),
    }
    return Response(200, view, link_header(request, view["links"]))


def _visible(query: Query, principal: Principal) -> Query:
    """What an ingest token asks for is of its own source. Raises Problem (403) if it names another."""
    if principal.role is not Role.INGEST:
        return query
    if query.source not in (None, principal.source):
        raise Problem(problems.WRONG_SOURCE, f"This token shows what is of {principal.source} only.")
    return replace(query, source=principal.source)


def _order_page(services: ApiServices, query: OrderQuery) -> OrderPage:
    """Whoever knows the source and its number knows the id: that order is read from its events, strongly consistent."""
    if query.source is None or query.external_id is None:
        return services.projection.query(query)
    after = decode_cursor(query.cursor)
    recorded = services.events.load(order_id(query.source, query.external_id))
    rows = [OrderRow.of(fold(recorded))] if recorded else []
    return OrderPage(tuple(row for row in rows if matches(row, query) and (not after or position(row) < after)), "")


def _read(page: Callable[[], Page]) -> Page:
    try:
        return page()
    except ValueError as error:
        raise Problem(problems.VALIDATION, "The cursor is wrong.", [FieldError("cursor", str(error))]) from None


def _links(request: Request, path: str, own: str, following: str) -> PageLinks:
    links: PageLinks = {"self": _link(request, path, own)}
    if following:
        links["next"] = _link(request, path, following)
    return links


def _link(request: Request, path: str, cursor: str) -> str:
    parameters = [(name, value) for name, values in request.query.items() if name != "cursor" for value in values]
    if cursor:
        parameters.append(("cursor", cursor))
    return path + (f"?{urlencode(parameters)}" if parameters else "")
