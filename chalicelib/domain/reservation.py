"""What a revision of an order holds of the stock: a small state machine, the same for every inventory.

    TAKING ──► RESERVED ──► RETURNING ──► RELEASED
       └───────────────────────┘

TAKING: a part of the SKUs is held; the next try goes on from there, or gives back what is held.
RETURNING: a part was given back for good. From here on nothing can be taken for it any more.
Every change raises `revision`; whoever stores a change requires the revision that he has read. So two calls for the
same order, one of them perhaps a zombie that outlived its timeout, can never act on different views of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chalicelib.domain.errors import Reason


class ReservationState(StrEnum):
    """How far the reservation, or its release, has come."""

    TAKING = "TAKING"
    RESERVED = "RESERVED"
    RETURNING = "RETURNING"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True)
class Reservation:
    """SKU -> pieces: `held` now, `returned` by the release. `chunks` counts the transactions that took `held`.

    `holder` names the revision of an order (`domain.ids.revision_key`); `revision` counts changes of this record.
    """

    holder: str
    revision: int = 0
    state: ReservationState = ReservationState.TAKING
    held: Mapping[str, int] = field(default_factory=dict)
    returned: Mapping[str, int] = field(default_factory=dict)
    chunks: int = 0

    @property
    def can_take(self) -> bool:
        return self.state is ReservationState.TAKING

    def missing(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """What is still to be taken, by SKU in sorted order (so that large orders meet in the same order)."""
        return {sku: wanted[sku] for sku in sorted(wanted) if sku not in self.held}

    def take(self, chunk: Mapping[str, int], completes: bool) -> Reservation:
        assert self.can_take, f"{self.holder}: {self.state} cannot take"
        assert not chunk.keys() & self.held.keys(), f"{self.holder} would hold a SKU twice"
        return replace(
            self,
            revision=self.revision + 1,
            state=ReservationState.RESERVED if completes else ReservationState.TAKING,
            held={**self.held, **chunk},
            chunks=self.chunks + 1,
        )

    def put_back(self, chunk: Mapping[str, int]) -> Reservation:
        """Undo a part of an unfinished reservation; it may be taken again."""
        assert self.can_take, f"{self.holder}: {self.state} is not undone but released"
        held = self._without(chunk)
        return replace(self, revision=self.revision + 1, held=held, chunks=self.chunks if held else 0)

    def give_back(self, chunk: Mapping[str, int]) -> Reservation:
        """Release a part for good; with nothing left, the reservation is RELEASED."""
        assert self.state is not ReservationState.RELEASED, f"{self.holder} is released already"
        held = self._without(chunk)
        return replace(
            self,
            revision=self.revision + 1,
            state=ReservationState.RETURNING if held else ReservationState.RELEASED,
            held=held,
            returned={**self.returned, **chunk},
        )

    def _without(self, chunk: Mapping[str, int]) -> dict[str, int]:
        assert all(self.held.get(sku) == pieces for sku, pieces in chunk.items()), f"{self.holder} holds less"
        return {sku: pieces for sku, pieces in self.held.items() if sku not in chunk}


def shortages(wanted: Mapping[str, int], available: Mapping[str, int | None]) -> tuple[Reason, ...]:
    """A reason for every SKU of which less is available than wanted; an unknown SKU has none."""
    return tuple(
        Reason("insufficient_stock", f"SKU {sku}: {pieces} ordered, {available.get(sku) or 0} available", "lines")
        for sku, pieces in sorted(wanted.items())
        if (available.get(sku) or 0) < pieces
    )
