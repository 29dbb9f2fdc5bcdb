"""Dead letters: their rows of the table of routes."""

from __future__ import annotations

from chalicelib.api.handlers import dead_letters
from chalicelib.api.http import problems
from chalicelib.api.http.commands import CommandIn, GroupCommandIn
from chalicelib.api.operations.parameters import CURSOR, IF_MATCH, OPERATORS, PAGE_SIZE, READERS, STARTED
from chalicelib.api.route import Answered, Guarded, Route, query_parameter
from chalicelib.api.views.dead_letters import GroupsView, JobView, LettersView

ROUTES = (
    Route(
        "GET",
        "/dead-letters",
        Guarded(dead_letters.list_groups, READERS),
        "What waits for an operator",
        "Orders that failed for technical reasons, grouped by cause, and the jobs that work on groups.",
        (Answered(200, "The groups.", GroupsView, ("groups",)),),
    ),
    Route(
        "GET",
        "/dead-letters/{id}",
        Guarded(dead_letters.list_letters, READERS),
        "The orders of a group",
        "`id` is the group's fingerprint.",
        (Answered(200, "A page of the group.", LettersView, ("letters",), ("Link",)),),
        parameters=(
            PAGE_SIZE,
            query_parameter("cursor", CURSOR, "o-0123456789abcdefghjkmnpq", pattern="^o-[0-9a-z]{24}$"),
        ),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "POST",
        "/dead-letters/{id}/redrive",
        Guarded(dead_letters.redrive, OPERATORS),
        "Try failed orders again",
        "With an order's id: that order. With a fingerprint: the whole group, at the stated rate, as a job.",
        (STARTED,),
        bodies=(CommandIn, GroupCommandIn),
        body_examples=("command", "group_command"),
        parameters=(IF_MATCH,),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE, problems.MOVED),
    ),
    Route(
        "POST",
        "/dead-letters/{id}/discard",
        Guarded(dead_letters.discard, OPERATORS),
        "Undo and close failed orders",
        "With an order's id: that order. With a fingerprint: the whole group, at the stated rate, as a job.",
        (STARTED,),
        bodies=(CommandIn, GroupCommandIn),
        body_examples=("command", "group_command"),
        parameters=(IF_MATCH,),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE, problems.MOVED),
    ),
    Route(
        "GET",
        "/dead-letters/jobs/{job_id}",
        Guarded(dead_letters.show_job, READERS),
        "How far a job is",
        "`finished_at` is null while it works.",
        (Answered(200, "The job.", JobView, ("job",)),),
        problems=(problems.NOT_FOUND,),
    ),
)
