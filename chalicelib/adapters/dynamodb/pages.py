"""Queries and scans read to their end: an answer ends at 1 MB, or at `Limit`, and says where the next one begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated


def pages(dependency: str, read: Callable[..., Any], **request: Any) -> Iterator[Mapping[str, Any]]:
    """The answers of `client.query` or `client.scan`, each asked for only when it is wanted.

    Raises what `aws_errors_translated` raises. Throttling: see transaction.py; a page that is throttled was asked for
    several times by the SDK before it is DependencyUnavailable.
    """
    while True:
        with aws_errors_translated(dependency):
            answer = read(**request)
        yield answer
        if not answer.get("LastEvaluatedKey"):
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def items(dependency: str, read: Callable[..., Any], **request: Any) -> Iterator[dict[str, Any]]:
    """The items of all `pages`."""
    for answer in pages(dependency, read, **request):
        yield from answer["Items"]


def first_items(dependency: str, read: Callable[..., Any], limit: int, **request: Any) -> list[dict[str, Any]]:
    """The first `limit` items, fewer only if there are no more."""
    assert limit > 0
    return list(islice(items(dependency, read, **request, Limit=limit), limit))
