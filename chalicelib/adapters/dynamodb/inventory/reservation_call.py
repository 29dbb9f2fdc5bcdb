"""One call of reserve() or release(): its reads, its transactions, and what to do when one is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.batch_get import batch_get
from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.inventory.items import (
    give_action,
    pieces,
    reservation_key,
    reservation_of,
    save_action,
    sku_of,
    stock_key,
    take_action,
)
from chalicelib.adapters.dynamodb.inventory.transaction import DEPENDENCY, TransactionResult, change_stock
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.reservation import Reservation
from chalicelib.ports import Append


@dataclass(frozen=True, slots=True)
class ReservationCall:
    """Works for the `holder`, a revision of an order, as the order stood at `append.expected_version`."""

    client: Any
    table: str
    events: DynamoDbEventStore
    append: Append
    holder: str
    backoff: Backoff
    skus_per_transaction: int

    def load(self) -> Reservation:
        return load_reservation(self.client, self.table, self.holder)

    def first(self, quantities: Mapping[str, int]) -> dict[str, int]:
        """As many, in the order of the SKUs, as fit into one transaction."""
        return dict(islice(sorted(quantities.items()), self.skus_per_transaction))

    def available(self, skus: Iterable[str]) -> dict[str, int]:
        """SKU -> pieces that can be reserved now; unknown SKUs are missing."""
        keys = [stock_key(sku) for sku in skus]
        return {
            sku_of(item): pieces(item, "available") for item in batch_get(self.client, self.table, keys, self.backoff)
        }

    def change(self, before: Reservation, after: Reservation, done: Append | None) -> TransactionResult:
        """Move the stock between the two reservations, and append `done` with the last of the changes."""
        event = self.events.put_action(done) if done else self.events.unchanged_action(self.append)
        taken = {sku: quantity for sku, quantity in after.held.items() if sku not in before.held}
        given = {sku: quantity for sku, quantity in before.held.items() if sku not in after.held}
        stock = [take_action(self.table, sku, quantity) for sku, quantity in taken.items()]
        stock += [give_action(self.table, sku, quantity) for sku, quantity in given.items()]
        attempt = f"{self.append.token} {self.backoff.spent}"
        return change_stock(self.client, event, save_action(self.table, before, after), stock, attempt)

    def after_refusal(self, outcome: TransactionResult, reservation: Reservation) -> Reservation:
        """Wait, and return the reservation to go on with. Raises Contention when it has lasted too long."""
        self.backoff.wait()
        return self.load() if outcome is TransactionResult.STALE else reservation


def load_reservation(client: Any, table: str, holder: str) -> Reservation:
    """What the holder has, strongly consistent."""
    with aws_errors_translated(DEPENDENCY):
        answer = client.get_item(TableName=table, Key=reservation_key(holder), ConsistentRead=True)
    return reservation_of(holder, answer.get("Item"))
