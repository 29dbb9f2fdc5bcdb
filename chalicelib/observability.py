"""Structured logs: one JSON object a line, with who and what in every line of every function.

Nothing personal or secret is logged: identifiers, names of steps, states and errors only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

SERVICE = "orderbridge"


@cache
def logger() -> Logger:
    """The process-wide logger; level from POWERTOOLS_LOG_LEVEL, default INFO."""
    return Logger(service=SERVICE, use_rfc3339=True, utc=True)


@contextmanager
def log_context(**keys: Any) -> Iterator[Logger]:
    """Every line logged inside carries `keys`, besides those of the enclosing contexts."""
    log = logger()
    with log.append_context_keys(**keys):
        yield log


@contextmanager
def thread_log_context(**keys: Any) -> Iterator[Logger]:
    """As log_context, for this thread only: where several threads work on different orders at the same time."""
    log = logger()
    before = dict(log.thread_safe_get_current_keys())
    log.thread_safe_append_keys(**keys)
    try:
        yield log
    finally:
        log.thread_safe_clear_keys()
        log.thread_safe_append_keys(**before)
