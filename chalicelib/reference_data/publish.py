"""Publishing reference data: all data sets or none, and never one that was cut off on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.reference_data.sources import BadReferenceData, RecordProblem, ReferenceSet

LARGEST_SHRINKAGE = 0.5
"""A data set that loses more than this share of its records was probably cut off on the way out of the ERP."""

PUBLISHING_ORDER = ("holds", "products", "customers")
"""Holds first: should the rest fail, a recall is in force all the same."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data set ready to be stored. `published_count` is None before the first time; `changed`: it must be stored."""

    name: str
    count: int
    sha256: str
    content: bytes
    published_count: int | None
    changed: bool


class ReferenceDataPublisher(Protocol):
    """Where data sets are published. Raises DependencyUnavailable, DependencyTimeout, Misconfigured."""

    @property
    def place(self) -> str:
        """Where that is, for people."""
        ...

    def prepare(self, name: str, records: Iterable[Any]) -> Prepared:
        """Encode the records and compare them with what is published. Raises BadReferenceData if they are too large."""
        ...

    def publish(self, prepared: Prepared) -> None: ...


def publish(
    found: ReferenceSet,
    publisher: ReferenceDataPublisher,
    *,
    dry_run: bool = False,
    allow_shrink: bool = False,
    tell: Callable[[str, str], None] = lambda name, line: None,
) -> Sequence[Prepared]:
    """Store every data set that has changed, and `tell` (name, what was done) after each; what was compared.

    Raises BadReferenceData, before anything is stored, or as `publisher`.
    """
    data_sets = [(name, getattr(found, name)) for name in PUBLISHING_ORDER]
    prepared = [publisher.prepare(name, records) for name, records in data_sets if records is not None]
    problems = [problem for data_set in prepared for problem in _shrinkage(data_set)]
    if problems and not allow_shrink:
        raise BadReferenceData(problems)
    for data_set in prepared:
        if data_set.changed and not dry_run:
            publisher.publish(data_set)
        tell(data_set.name, _line(data_set, dry_run))
    return prepared


def _line(data_set: Prepared, dry_run: bool) -> str:
    done = ("would be published" if dry_run else "published") if data_set.changed else "unchanged"
    was = f", was {data_set.published_count:,}" if data_set.changed and data_set.published_count is not None else ""
    return f"{data_set.name:<10} {data_set.count:>8,} records{was}  {done}  sha256 {data_set.sha256[:12]}"


def _shrinkage(data_set: Prepared) -> list[RecordProblem]:
    before = data_set.published_count or 0
    if data_set.name == "holds" or data_set.count >= before * (1 - LARGEST_SHRINKAGE):
        return []
    message = f"has {data_set.count:,} records, {before:,} are published: if that is meant, repeat with --allow-shrink"
    return [RecordProblem(data_set.name, "", message)]
