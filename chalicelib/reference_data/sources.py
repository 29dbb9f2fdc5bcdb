"""Reads reference data as people keep it, JSON or CSV, and names everything that is wrong with it at once.

A directory holds `customers`, `products` and `holds`, each as .json (a list of objects) or .csv (a header line, then a
record a line; `prices.EUR` or `credit_limit.amount` for a field inside a field). docs/reference-data.md has examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.reference_data.models import MODELS, explained
from chalicelib.reference_data.rows import Row, UnreadableFile, read_rows

SUFFIXES = (".json", ".csv")
MAY_BE_EMPTY = frozenset({"holds"})
"""Without customers or products every order would be rejected: that is never meant."""


@dataclass(frozen=True, slots=True)
class RecordProblem:
    """`where` is file and line or record, `field` may be empty, `message` says what to do."""

    where: str
    field: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.field, self.message) if part)


class BadReferenceData(OrderbridgeError):
    """Nothing of it can be published until every one of `problems` is fixed."""

    def __init__(self, problems: Sequence[RecordProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problems, the first: {self.problems[0]}")


@dataclass(slots=True)
class ReferenceSet:
    """The valid records of one directory; a data set that has no file is None and is left as published."""

    customers: list[Customer] | None = None
    products: list[Product] | None = None
    holds: list[DeliveryHold] | None = None


@dataclass(slots=True)
class _Reading:
    problems: list[RecordProblem] = field(default_factory=list)

    def emit(self, where: str, field: str, message: str) -> None:
        self.problems.append(RecordProblem(where, field, message))


def read_directory(directory: Path) -> ReferenceSet:
    """All data sets of the directory. Raises BadReferenceData with every problem of every file."""
    reading, found = _Reading(), ReferenceSet()
    if not directory.is_dir():
        raise BadReferenceData([RecordProblem(str(directory), "", "is not a directory: give the one with the files")])
    for name, path in _files(directory, reading):
        setattr(found, name, _records(name, path, reading))
    if not reading.problems:
        _check_holds(found, reading)
    if reading.problems:
        raise BadReferenceData(reading.problems)
    return found


def _files(directory: Path, reading: _Reading) -> Iterator[tuple[str, Path]]:
    """The file of each data set; complains about what looks like one and is none."""
    names = " or ".join(f"{name}.json" for name in MODELS)
    candidates = sorted(path for path in directory.iterdir() if path.suffix.lower() in SUFFIXES)
    if not candidates:
        reading.emit(str(directory), "", f"holds no reference data: add {names}, or the same as .csv")
    for path in candidates:
        others = [other.name for other in candidates if other.stem == path.stem and other != path]
        if path.stem not in MODELS:
            reading.emit(path.name, "", f"is no data set: call it {names} (or .csv), or move it elsewhere")
        elif others:
            reading.emit(path.name, "", f"is there a second time as {others[0]}: remove one of them")
        else:
            yield path.stem, path


def _records(name: str, path: Path, reading: _Reading) -> list[Any]:
    try:
        rows = read_rows(path)
    except UnreadableFile as error:
        reading.emit(error.where, "", str(error))
        return []
    if not rows and name not in MAY_BE_EMPTY:
        reading.emit(
            path.name, "", "has no records, and without them every order would be rejected: fill it or remove it"
        )
    return list(_valid(name, rows, reading))


def _valid(name: str, rows: Iterable[Row], reading: _Reading) -> Iterator[Any]:
    """The domain's records of the valid rows; problems go into `reading`."""
    seen: dict[Any, str] = {}
    for row in rows:
        try:
            record = MODELS[name].model_validate(row.values).record()
        except ValidationError as error:
            for where, message in explained(error):
                reading.emit(row.where, where, message)
            continue
        key = (record.kind, record.key) if isinstance(record, DeliveryHold) else _key(record)
        if key in seen:
            reading.emit(row.where, "", f"has the same key as {seen[key]}: remove one of them")
        seen.setdefault(key, row.where)
        yield record


def _key(record: Customer | Product) -> str:
    return record.customer_id if isinstance(record, Customer) else record.sku


def _check_holds(found: ReferenceSet, reading: _Reading) -> None:
    """A misspelt hold stops nothing: what it names must exist, as far as the same directory can tell."""
    known = {
        "sku": {product.sku for product in found.products} if found.products is not None else None,
        "customer": {customer.customer_id for customer in found.customers} if found.customers is not None else None,
    }
    for hold in found.holds or ():
        keys = known.get(hold.kind)
        if keys is not None and hold.key not in keys:
            message = f"there is no {hold.kind} {hold.key}, so this hold would stop nothing: correct or remove it"
            reading.emit(f"holds ({hold.kind} {hold.key})", "key", message)
