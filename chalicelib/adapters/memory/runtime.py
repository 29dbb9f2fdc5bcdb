"""The small fakes: reference data, workflow engine, clock and ids, all in memory and repeatable."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from threading import RLock

from chalicelib.domain.reference import Customer, DeliveryHold, Product


class MemoryReferenceData:
    """Reference data that tests change at will, through the dictionaries."""

    def __init__(
        self,
        customers: Iterable[Customer] = (),
        products: Iterable[Product] = (),
        holds: Iterable[DeliveryHold] = (),
    ) -> None:
        self.customers = {customer.customer_id: customer for customer in customers}
        self.products = {product.sku: product for product in products}
        self.holds = {(hold.kind, hold.key): hold for hold in holds}

    def customer(self, customer_id: str) -> Customer | None:
        return self.customers.get(customer_id)

    def product(self, sku: str) -> Product | None:
        return self.products.get(sku)

    def hold(self, kind: str, key: str) -> DeliveryHold | None:
        return self.holds.get((kind, key))

    def look_again(self, since: datetime) -> bool:
        return False  # changes are seen at once

    def versions(self) -> dict[str, str]:
        return {"customers": "memory", "holds": "memory", "products": "memory"}


class MemoryWorkflowEngine:
    """Remembers what was started: `started` holds (order_id, correlation_id, attempt) in order.

    Executions run until a test puts (order_id, attempt) into `ended`.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self.started: list[tuple[str, str, int]] = []
        self.ended: set[tuple[str, int]] = set()

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        with self._lock:
            if self._was_started(order_id, attempt):
                return False
            self.started.append((order_id, correlation_id, attempt))
            return True

    def is_running(self, order_id: str, attempt: int) -> bool:
        with self._lock:
            return self._was_started(order_id, attempt) and (order_id, attempt) not in self.ended

    def _was_started(self, order_id: str, attempt: int) -> bool:
        return any((order_id, attempt) == (known, number) for known, _, number in self.started)


class FixedClock:
    """Stands still until told; sleeping moves it and takes no time. `slept` holds the seconds of every sleep."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)) -> None:
        self._lock = RLock()
        self._now = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


class SequentialIds:
    """Tokens in a row and seeded fractions, so that a run repeats. `prefix` keeps several sources apart."""

    def __init__(self, prefix: str = "token", seed: int = 0) -> None:
        self._lock = RLock()
        self._prefix = prefix
        self._count = 0
        self._random = random.Random(seed)

    def token(self) -> str:
        with self._lock:
            self._count += 1
            return f"{self._prefix}-{self._count:06}"

    def fraction(self) -> float:
        with self._lock:
            return self._random.random()
