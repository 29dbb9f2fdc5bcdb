"""Stock and reservations on DynamoDB: every change of stock is one transaction with the reservation and the order.

A transaction takes 100 actions: 98 SKUs, the reservation, and the event. An order with more SKUs is reserved in several
transactions, so it can be interrupted, repeated, or overtaken by another call (a zombie that outlived its timeout).
What makes that safe: every transaction requires

- that nothing was appended to the order since `expected_version`: the last one appends the event, the others check
  that its place is free. A call that the order has left behind can change nothing;
- that the reservation is as it was read (`revision`): two calls never act on different views of what is held.

So whatever is killed anywhere leaves a reservation that says exactly what is held: the next reserve() goes on from
there, release() gives it back. The price: an order with more than 98 SKUs can hold pieces for a moment that it gives
back because a later SKU is short, and another order may be refused for want of them; a look at the whole stock before
the first transaction keeps that rare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.inventory.items import pieces, stock_key
from chalicelib.adapters.dynamodb.inventory.reservation_call import ReservationCall, load_reservation
from chalicelib.adapters.dynamodb.inventory.transaction import DEPENDENCY, TransactionResult
from chalicelib.adapters.dynamodb.transaction import MAX_ACTIONS
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.errors import InsufficientStock, VersionConflict
from chalicelib.domain.events import InventoryReleased, InventoryReserved, RecordedEvent
from chalicelib.domain.ids import revision_key
from chalicelib.domain.reservation import Reservation, ReservationState, shortages
from chalicelib.ports import Append, Clock, Ids

MAX_SKUS = MAX_ACTIONS - 2
"""SKUs in one transaction, beside the reservation and the event. Tests make do with fewer."""


@dataclass(frozen=True, slots=True)
class DynamoDbInventory:
    """Table `inventory`, with the events in the same transactions. Reserving up to 98 SKUs is one call of DynamoDB."""

    client: Any
    table: str
    events: DynamoDbEventStore
    clock: Clock
    ids: Ids
    skus_per_transaction: int = MAX_SKUS

    def reserve(self, quantities: Mapping[str, int], append: Append, revision: int = 1) -> RecordedEvent:
        assert isinstance(append.event, InventoryReserved)
        assert all(quantity > 0 for quantity in quantities.values())
        call = self._call(append, revision)
        reservation = Reservation(call.holder)  # nearly always; if not, the transaction tells
        if len(quantities) > self.skus_per_transaction:
            reservation = call.load()
            if reservation.can_take:
                _refuse_if_short(call, reservation, quantities)
        return _carry_out(call, reservation, lambda now: _next_take(call, now, quantities), quantities)

    def release(self, append: Append, revision: int = 1) -> RecordedEvent:
        assert isinstance(append.event, InventoryReleased)
        call = self._call(append, revision)
        return _carry_out(call, call.load(), lambda now: _next_return(call, now), wanted={})

    def holds_anything(self, order_id: str, revision: int = 1) -> bool:
        return bool(load_reservation(self.client, self.table, revision_key(order_id, revision)).held)

    def available(self, sku: str) -> int | None:
        item = self._stock(sku)
        return pieces(item, "available") if item else None

    def reserved(self, sku: str) -> int:
        return pieces(self._stock(sku), "reserved")

    def set_available(self, sku: str, quantity: int) -> None:
        assert quantity >= 0
        with aws_errors_translated(DEPENDENCY):
            self.client.update_item(
                TableName=self.table,
                Key=stock_key(sku),
                UpdateExpression="SET available = :q, reserved = if_not_exists(reserved, :none)",
                ExpressionAttributeValues={":q": {"N": str(quantity)}, ":none": {"N": "0"}},
            )

    def _stock(self, sku: str) -> dict[str, Any]:
        with aws_errors_translated(DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=stock_key(sku), ConsistentRead=True)
        return dict(answer.get("Item", {}))

    def _call(self, append: Append, revision: int) -> ReservationCall:
        self.events.require_predecessor(append)
        backoff = Backoff(self.clock, self.ids, f"the stock for order {append.order_id}")
        holder = revision_key(append.order_id, revision)
        return ReservationCall(self.client, self.table, self.events, append, holder, backoff, self.skus_per_transaction)


Change = tuple[Reservation, Append | None]
"""The reservation after the next transaction, and the event that belongs to it if it is the last one."""


def _carry_out(
    call: ReservationCall,
    reservation: Reservation,
    following: Callable[[Reservation], Change | None],
    wanted: Mapping[str, int],
) -> RecordedEvent:
    """Transaction by transaction until the last one stores its event, or another call has done so.

    `wanted`: what may turn out to be short. Raises InsufficientStock, VersionConflict, Contention.
    """
    while (change := following(reservation)) is not None:
        after, done = change
        outcome = call.change(reservation, after, done)
        if outcome is TransactionResult.MOVED_ON:
            break
        if outcome is TransactionResult.APPLIED:
            if done:
                return done.as_recorded()
            reservation = after
            continue
        if outcome is TransactionResult.SHORT:
            _refuse_if_short(call, reservation, wanted)
        reservation = call.after_refusal(outcome, reservation)
    return call.events.stored(call.append)


def _next_take(call: ReservationCall, reservation: Reservation, wanted: Mapping[str, int]) -> Change | None:
    if not reservation.can_take:
        return None
    missing = reservation.missing(wanted)
    chunk = call.first(missing)
    after = reservation.take(chunk, completes=len(chunk) == len(missing))
    done = replace(call.append, event=InventoryReserved(dict(wanted), after.chunks))
    return after, done if after.state is ReservationState.RESERVED else None


def _next_return(call: ReservationCall, reservation: Reservation) -> Change | None:
    if reservation.state is ReservationState.RELEASED:
        return None
    after = reservation.give_back(call.first(reservation.held))
    done = replace(call.append, event=InventoryReleased(dict(sorted(after.returned.items()))))
    return after, done if after.state is ReservationState.RELEASED else None


def _refuse_if_short(call: ReservationCall, reservation: Reservation, wanted: Mapping[str, int]) -> None:
    """Raises InsufficientStock, after everything that the order holds was put back. Returns if there is enough now."""
    missing = reservation.missing(wanted)
    short = shortages(missing, call.available(missing))
    if not short:
        return
    while reservation.held:
        after = reservation.put_back(call.first(reservation.held))
        outcome = call.change(reservation, after, None)
        if outcome is TransactionResult.MOVED_ON:
            raise VersionConflict(call.append.order_id, call.append.expected_version)
        reservation = after if outcome is TransactionResult.APPLIED else call.after_refusal(outcome, reservation)
        if not reservation.can_take:
            raise VersionConflict(call.append.order_id, call.append.expected_version)
    call.events.require_place(call.append)  # a call that the order has left behind has no say
    raise InsufficientStock(*short)
