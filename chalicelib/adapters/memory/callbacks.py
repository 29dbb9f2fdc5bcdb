"""Subscriptions and the delivery log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import RLock

from chalicelib.acknowledgements.delivery import Delivery
from chalicelib.acknowledgements.subscription import Subscription


class MemorySubscriptions:
    """By source."""

    def __init__(self) -> None:
        self._wishes: dict[str, Subscription] = {}

    def get(self, source: str) -> Subscription:
        return self._wishes.get(source, Subscription(source))

    def put(self, subscription: Subscription) -> None:
        self._wishes[subscription.source] = subscription

    def all(self) -> Sequence[Subscription]:
        return [self._wishes[source] for source in sorted(self._wishes)]


class MemoryDeliveries:
    """By order and message id."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._log: dict[tuple[str, str], Delivery] = {}

    def get(self, order_id: str, message_id: str) -> Delivery | None:
        with self._lock:
            return self._log.get((order_id, message_id))

    def put(self, delivery: Delivery) -> bool:
        key = (delivery.order_id, delivery.message_id)
        with self._lock:
            known = self._log.get(key)
            if known is not None and known.version != delivery.version:
                return False
            self._log[key] = replace(delivery, version=delivery.version + 1)
            return True

    def of_order(self, order_id: str) -> Sequence[Delivery]:
        with self._lock:
            found = [one for (known, _), one in self._log.items() if known == order_id]
        return sorted(found, key=lambda one: one.occurred_at)
