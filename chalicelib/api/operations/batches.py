"""Batches: their rows of the table of routes."""

from __future__ import annotations

from chalicelib.api.handlers import batches, lists
from chalicelib.api.handlers.batch_requests import BatchIn, CancelBatchIn
from chalicelib.api.http import problems
from chalicelib.api.http.commands import CommandIn
from chalicelib.api.operations.parameters import (
    ALL,
    CURSOR,
    CURSOR_PATTERN,
    EXAMPLE_BATCH_CURSOR,
    INGESTERS,
    OPERATORS,
    PAGE_SIZE,
    PERIOD,
    SOURCE,
)
from chalicelib.api.route import Answered, Guarded, Route, query_parameter
from chalicelib.api.views.batches import BatchPageView, BatchView
from chalicelib.batches.model import BatchState

ROUTES = (
    Route(
        "POST",
        "/batches",
        Guarded(batches.create_batch, INGESTERS),
        "Hand over many orders",
        "With `orders`: stores and starts them. With `format`: answers with a form to send a file to; a finished "
        "upload starts the batch by itself: POST to `upload.url`, as multipart/form-data, every one of "
        "`upload.fields` and, as the last part, `file`; S3 answers 204, and `links.self` leads to the batch. The same "
        "content is the same batch, so that sending it again is safe, and goes on with a batch that was stopped. "
        "Every order goes the same way as through `POST /orders`.",
        (
            Answered(
                202,
                "Taken, or: send the file there.",
                BatchView,
                ("batch_running", "upload_offered"),
                ("Location", "Retry-After"),
            ),
            Answered(200, "Handed over before.", BatchView, ("batch_done",), ("Location",)),
        ),
        bodies=(BatchIn,),
        body_examples=("batch_of_orders", "batch_of_file"),
        problems=(problems.WRONG_SOURCE,),
    ),
    Route(
        "GET",
        "/batches",
        Guarded(lists.list_batches, ALL),
        "List batches",
        "Newest first, strongly consistent; with uploads that have not become a batch. Batches are kept for 90 days. "
        "An ingest token sees its source.",
        (Answered(200, "A page.", BatchPageView, ("batch_page",), ("Link",)),),
        parameters=(
            query_parameter(
                "state", "Only batches that stand there", "RUNNING", enum=[state.value for state in BatchState]
            ),
            SOURCE,
            *PERIOD,
            PAGE_SIZE,
            query_parameter("cursor", CURSOR, EXAMPLE_BATCH_CURSOR, pattern=CURSOR_PATTERN),
        ),
        problems=(problems.WRONG_SOURCE,),
    ),
    Route(
        "GET",
        "/batches/{batch_id}",
        Guarded(batches.show_batch, ALL),
        "How far a batch is",
        "The accounting is consistent at every moment. An ingest token sees its source. Takes the id of an upload too.",
        (Answered(200, "The batch.", BatchView, ("batch_running", "batch_done")),),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "POST",
        "/batches/{batch_id}/cancel",
        Guarded(batches.cancel_batch, OPERATORS),
        "Cancel a batch",
        "No further line is handed over. Orders that run go on to their outcome, or are cancelled too.",
        (Answered(202, "Set in motion.", BatchView, ("batch_running",), ("Location", "Retry-After")),),
        bodies=(CancelBatchIn,),
        body_examples=("cancel_batch",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "POST",
        "/batches/{batch_id}/resume",
        Guarded(batches.resume_batch, OPERATORS),
        "Go on with a batch",
        "Goes on where a batch was killed, cancelled or left incomplete. Of a complete one, makes the report anew.",
        (Answered(202, "Set in motion.", BatchView, ("batch_running",), ("Location", "Retry-After")),),
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
)
