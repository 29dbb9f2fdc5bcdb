"""The orders of a page, each under the name of the revision that its line has brought (`domain.ids.revision_key`).

The read model follows by about a second: the row of an order that begins anew shows the outcome before at first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.domain.ids import revision_of_key
from chalicelib.domain.state import Status
from chalicelib.ports import OrderRow


def ids_of(names: Iterable[str]) -> list[str]:
    """The ids under which the orders are looked up."""
    return [revision_of_key(name)[0] for name in names]


def standing(names: Iterable[str], rows: Mapping[str, OrderRow]) -> dict[str, Status]:
    """Name -> where that revision stands, or a later one that has taken its place; without those that have no row."""
    found = {}
    for name in names:
        order_id, revision = revision_of_key(name)
        row = rows.get(order_id)
        if row is not None and row.revision >= revision:
            found[name] = row.status
    return found
