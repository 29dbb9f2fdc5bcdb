"""Batches: hand over orders or ask where to send a file, see how far it is, cancel it, go on with it.

`{batch_id}` is the id of a batch, or that of an upload, which leads to its batch as soon as there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from chalicelib.api.access import may_see
from chalicelib.api.handlers.batch_requests import BatchIn, CancelBatchIn
from chalicelib.api.http import problems
from chalicelib.api.http.body import body_text, parsed_object
from chalicelib.api.http.commands import CommandIn, command, parse
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.query import Parameters
from chalicelib.api.http.request import Request, Response
from chalicelib.api.services import ApiServices
from chalicelib.api.views.batches import BatchView, batch_view, upload_view
from chalicelib.auth.tokens import Principal
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Batch, Format, Upload
from chalicelib.observability import logger
from chalicelib.orders.json_text import cut_array

MAX_BODY_BYTES = 5_000_000
"""Lambda takes 6 MB from API Gateway. Larger batches are uploaded."""

RETRY_AFTER = {"Retry-After": "5"}
"""Until a batch is worth being looked at again."""

_BATCH_ID = re.compile(r"b-[0-9a-z]{24}\Z", re.ASCII)
_UPLOAD_ID = re.compile(r"u-[0-9A-Za-z-]{1,64}\Z", re.ASCII)


def create_batch(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /batches`: 202 with a batch or a place for a file, 200 for orders that were handed over before."""
    asked, orders = _asked(body_text(request, MAX_BODY_BYTES))
    if asked.source != principal.source:
        raise Problem(
            problems.WRONG_SOURCE,
            f"This token may post orders of {principal.source} only.",
            [FieldError("source", f"must be {principal.source}")],
        )
    if asked.orders is not None:
        batch, is_new = services.batches.take(asked.source, orders, asked.announced(), asked.dry_run)
        view = batch_view(services.batches.status(batch))
        logger().info("batch taken", extra={"batch_id": batch.batch_id, "orders": len(orders), "new": is_new})
        headers = {} if is_new else {"Idempotent-Replayed": "true"}
        headers |= {"Location": request.reference(view["links"]["self"])}
        return Response(202, view, headers | RETRY_AFTER) if is_new else Response(200, view, headers)
    kind, encoding, mapping = Format(asked.format or ""), asked.encoding or "utf-8", asked.mapping or "default"
    try:
        upload, form = services.batches.offer(asked.source, kind, encoding, mapping, asked.announced(), asked.dry_run)
    except BrokenFile as wrong:  # not a file yet, only how it will be read
        detail = "A file could not be read with this mapping."
        raise Problem(problems.VALIDATION, detail, [FieldError("mapping", str(wrong))]) from None
    view = upload_view(upload, form)
    return Response(202, view, {"Location": request.reference(view["links"]["self"]), **RETRY_AFTER})


def _asked(body: str) -> tuple[BatchIn, Sequence[str]]:
    """What is asked for, and the text of each order: what is wrong in one order is no matter of the others."""
    cut = cut_array(body, "orders")
    if cut is None:
        asked = parse(BatchIn, parsed_object(body))
        return asked, [json.dumps(order) for order in asked.orders or ()]
    frame, orders = cut
    placeholders: list[dict[str, Any]] = [
        {} for _ in orders
    ]  # how many there may be is the model's matter, what is in them is not
    return parse(BatchIn, {**parsed_object(frame), "orders": placeholders}), orders


def show_batch(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`GET /batches/{batch_id}`."""
    Parameters(request.query).done()
    found = _found(request, services, principal)
    view: BatchView = upload_view(found) if isinstance(found, Upload) else batch_view(services.batches.status(found))
    return Response(200, view)


def cancel_batch(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /batches/{batch_id}/cancel`: no further line is accepted."""
    asked = command(request, CancelBatchIn)
    batch = _batch(request, services, principal)
    actor, orders = asked.actor(principal), asked.running_orders == "cancel"
    return _commanded(request, services, services.batches.cancel(batch, actor, asked.reason, orders))


def resume_batch(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /batches/{batch_id}/resume`: goes on where it stopped; of a complete batch, makes the report anew."""
    asked = command(request, CommandIn)
    batch = services.batches.resume(_batch(request, services, principal))
    logger().info("batch resumed", extra={"batch_id": batch.batch_id, "by": asked.actor(principal)})
    return _commanded(request, services, batch)


def _commanded(request: Request, services: ApiServices, batch: Batch) -> Response:
    view = batch_view(services.batches.status(batch))
    return Response(202, view, {"Location": request.reference(view["links"]["self"]), **RETRY_AFTER})


def _batch(request: Request, services: ApiServices, principal: Principal) -> Batch:
    found = _found(request, services, principal)
    if isinstance(found, Upload):
        raise Problem(problems.NOT_POSSIBLE, "The upload has not become a batch: there is nothing to command yet.")
    return found


def _found(request: Request, services: ApiServices, principal: Principal) -> Batch | Upload:
    """The same answer for what does not exist and for what belongs to another source."""
    asked_for = request.params["batch_id"]
    found: Batch | Upload | None = None
    if _BATCH_ID.match(asked_for):
        found = services.batches.ledger.batch(asked_for)
    elif _UPLOAD_ID.match(asked_for):
        upload = services.batches.ledger.upload(asked_for)
        found = (services.batches.ledger.batch(upload.batch_id) if upload and upload.batch_id else None) or upload
    if found is None or not may_see(principal, found.source):
        raise Problem(problems.NOT_FOUND, "There is no batch and no upload with this id.")
    return found
