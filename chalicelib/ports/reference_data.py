"""Products, customers and delivery holds."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chalicelib.domain.reference import Customer, DeliveryHold, Product


class ReferenceData(Protocol):
    """Products, customers and delivery holds: read-mostly data that somebody publishes.

    Raises DependencyUnavailable if nothing usable can be read, not even a cached copy.
    """

    def customer(self, customer_id: str) -> Customer | None: ...

    def product(self, sku: str) -> Product | None: ...

    def hold(self, kind: str, key: str) -> DeliveryHold | None: ...

    def look_again(self, since: datetime) -> bool:
        """From now on answer from what is published at `since` (UTC) or later; whether that may change an answer.

        A copy that is older is compared with what is published when it is next asked. While nothing can be read, the
        copy goes on to serve.
        """
        ...

    def versions(self) -> dict[str, str]:
        """Data set -> version (ETag) of what is being answered from."""
        ...
