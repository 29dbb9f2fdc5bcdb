"""Names of executions: `<id>-<attempt>`, so that an attempt starts once, and a step knows which one it works for."""

from __future__ import annotations


def execution_name(key: str, attempt: int) -> str:
    """`key`: the id of the order or of the batch."""
    return f"{key}-{attempt}"


def attempt_of(execution: str, key: str) -> int:
    """The attempt that bears the name; 0 if it is none of ours, as of an execution that somebody started by hand."""
    owner, _, number = execution.rpartition("-")
    return int(number) if owner == key and number.isascii() and number.isdigit() else 0
