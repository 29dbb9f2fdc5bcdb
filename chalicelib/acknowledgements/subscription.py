"""Whether, where and about what an ERP wants to be called: facts with times, so that it can be asked again later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

EVER = datetime.min.replace(tzinfo=UTC)

LOOKS_BACK = timedelta(days=1)
"""An address that is set hears also of the outcomes before it, by default of a day: the first order may have come
first, and an outcome in the moment of setting belongs to one side or the other, but never to none."""

ALSO = ("received", "failed")
"""What an ERP may ask for besides outcomes."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The wish of one source. `url` is empty if it wants no callbacks.

    It wants every outcome from `wanted_from` on; `changed_at` is when it was set last; `also` is a subset of ALSO.
    All times are UTC.
    """

    source: str
    url: str = ""
    wanted_from: datetime = EVER
    changed_at: datetime = EVER
    also: tuple[str, ...] = ()

    def wants_outcome(self, occurred_at: datetime) -> bool:
        return bool(self.url) and occurred_at >= self.wanted_from

    def wants(self, kind: str) -> bool:
        """Whether it asked for `kind`, one of ALSO."""
        return bool(self.url) and kind in self.also


def changed(
    before: Subscription, url: str, now: datetime, also: Sequence[str] | None, wanted_from: datetime | None
) -> Subscription:
    """The wish after an address was set: what is not given stays, and a new one looks back LOOKS_BACK."""
    since = wanted_from or (before.wanted_from if before.url else now - LOOKS_BACK)
    return Subscription(before.source, url, since, now, before.also if also is None else tuple(also))


class Subscriptions(Protocol):
    """The wishes of all sources, strongly consistent. Raises DependencyUnavailable, Misconfigured."""

    def get(self, source: str) -> Subscription:
        """One without an address for a source that never had one. A "no" is never remembered."""
        ...

    def put(self, subscription: Subscription) -> None: ...

    def all(self) -> Sequence[Subscription]:
        """Those that have or had an address, by name."""
        ...
