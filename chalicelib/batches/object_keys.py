"""Where the objects of a batch lie in its bucket."""

from __future__ import annotations


def page_key(batch_id: str, number: int) -> str:
    return f"batches/{batch_id}/pages/{number:06}.jsonl"


def part_key(batch_id: str, number: int, first: int, token: str) -> str:
    """`token` keeps two workers of a page apart: the one who loses leaves an object that nobody names."""
    return f"batches/{batch_id}/results/{number:06}/{first:06}-{token}.jsonl"


def checkpoint_key(batch_id: str, pages: int) -> str:
    return f"batches/{batch_id}/checkpoints/{pages:06}"


def doubts_key(batch_id: str) -> str:
    """What is known at the end of a CSV file only: 64 bits of an order number -> a line that makes it doubtful."""
    return f"batches/{batch_id}/doubts"


def manifest_key(batch_id: str) -> str:
    return f"batches/{batch_id}/manifest.jsonl"


def report_key(batch_id: str, kind: str) -> str:
    return f"batches/{batch_id}/report.{kind}"
