"""Finds outcomes of which an ERP that wants to hear has not heard, and announces them again.

Derived effects get lost: an address that is set in the moment of the outcome, a message that was dropped or has
expired, a listener of the stream without permission. The order's history says whether the ERP was told (`untold`
in the read model), the subscription whether it wants to be: both can be compared at any time.

Cost of a run: 8 queries for each source with an address, and two reads for each outcome that it has not heard of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.acknowledgements.delivery import Deliveries, Delivery
from chalicelib.acknowledgements.notice import Notice, message_id
from chalicelib.acknowledgements.subscription import Subscription, Subscriptions
from chalicelib.domain.state import Status
from chalicelib.domain.timestamps import format_utc, parse_utc
from chalicelib.observability import logger
from chalicelib.ports import Bookmark, Clock, OrderRow, Projection

ON_ITS_WAY = timedelta(minutes=2)
"""An outcome this young is left to the stream and the queue."""

LOOKS_BACK = timedelta(days=30)
"""Older outcomes are announced by `callbacks resend` only; what could not be told in that time, a person was told."""

TIME = timedelta(seconds=8)
MOST = 500
"""Announcements of one run; the next run goes on where it stopped, so every source has its turn."""


@dataclass(frozen=True, slots=True)
class ReconcileOutcomes:
    """Safe to run at any time and twice at once: a message about what was told does nothing."""

    subscriptions: Subscriptions
    projection: Projection
    deliveries: Deliveries
    send: Callable[[dict[str, object]], None]
    bookmark: Bookmark
    clock: Clock

    def __call__(self) -> dict[str, int]:
        """What was found, counted: seen, announced."""
        counts: Counter[str] = Counter(seen=0, announced=0)
        began = self.clock.now()
        for subscription, row in self._untold():
            if self.clock.now() - began >= TIME or counts["announced"] >= MOST:
                self.bookmark.save(f"{row.source} {format_utc(row.updated_at)}")
                break
            counts["seen"] += 1
            counts["announced"] += self._announce(subscription, row)
        else:
            if self.bookmark.load():
                self.bookmark.save("")
        if counts["announced"]:
            logger().warning("outcomes announced again", extra=dict(counts))
        return dict(counts)

    def _untold(self) -> Iterator[tuple[Subscription, OrderRow]]:
        now = self.clock.now()
        first, since = self._place()
        for subscription in self.subscriptions.all():
            if subscription.url and subscription.source >= first:
                place = since if subscription.source == first else subscription.wanted_from
                begin = max(subscription.wanted_from, now - LOOKS_BACK, place)
                for row in self.projection.untold(subscription.source, begin, now - ON_ITS_WAY):
                    if row.status is not Status.FAILED or subscription.wants("failed"):
                        yield subscription, row

    def _place(self) -> tuple[str, datetime]:
        """Where to go on. A bookmark that this release cannot use is the beginning."""
        source, _, since = self.bookmark.load().partition(" ")
        try:
            return source, parse_utc(since)
        except ValueError:
            return "", self.clock.now() - LOOKS_BACK

    def _announce(self, subscription: Subscription, row: OrderRow) -> bool:
        now = self.clock.now()
        known_as = message_id(row.order_id, row.revision, row.status, row.attempt)
        delivery = self.deliveries.get(row.order_id, known_as)
        if delivery is not None and not delivery.is_due(subscription, now):
            return False
        if delivery is not None and delivery.delivered_at is not None and row.status is Status.FAILED:
            return False  # told; no event says so, because the order goes on
        about = (Status.FAILED, row.revision, row.attempt) if row.status is Status.FAILED else ("", 0, 0)
        self.send(Notice(row.order_id, row.source, *about, reconciled=True).message())
        known = delivery or Delivery(row.order_id, known_as, row.source, row.status, row.updated_at)
        self.deliveries.put(known.announced(now))
        return True
