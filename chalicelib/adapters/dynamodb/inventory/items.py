"""Stock and reservations as DynamoDB items and actions: pure translation, no calls.

pk SKU#<sku>         sk STOCK          available, reserved: pieces
pk ORDER#<holder>    sk RESERVATION    revision, state, chunks, held and returned: SKU -> pieces
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.reservation import Reservation, ReservationState

Item = Mapping[str, Any]


def stock_key(sku: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"SKU#{sku}"}, "sk": {"S": "STOCK"}}


def sku_of(item: Item) -> str:
    return str(item["pk"]["S"]).removeprefix("SKU#")


def pieces(item: Item, attribute: str) -> int:
    return int(item[attribute]["N"]) if attribute in item else 0


def take_action(table: str, sku: str, quantity: int) -> dict[str, Any]:
    """available -> reserved, if there is enough; an unknown SKU fails like one without stock."""
    return {
        "Update": {
            "TableName": table,
            "Key": stock_key(sku),
            "UpdateExpression": "SET available = available - :q, reserved = reserved + :q",
            "ConditionExpression": "available >= :q",
            "ExpressionAttributeValues": {":q": {"N": str(quantity)}},
        }
    }


def give_action(table: str, sku: str, quantity: int) -> dict[str, Any]:
    """reserved -> available; unconditional, because it is part of a change of the reservation that holds the pieces."""
    return {
        "Update": {
            "TableName": table,
            "Key": stock_key(sku),
            "UpdateExpression": "ADD available :q, reserved :minus",
            "ExpressionAttributeValues": {":q": {"N": str(quantity)}, ":minus": {"N": str(-quantity)}},
        }
    }


def reservation_key(holder: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"ORDER#{holder}"}, "sk": {"S": "RESERVATION"}}


def reservation_of(holder: str, item: Item | None) -> Reservation:
    if item is None:
        return Reservation(holder)
    return Reservation(
        holder,
        revision=int(item["revision"]["N"]),
        state=ReservationState(item["state"]["S"]),
        held=_from_map(item["held"]),
        returned=_from_map(item["returned"]),
        chunks=int(item["chunks"]["N"]),
    )


def save_action(table: str, before: Reservation, after: Reservation) -> dict[str, Any]:
    """Replaces the reservation, if it still is as it was read."""
    is_new = before.revision == 0
    put = {
        "TableName": table,
        "Item": {
            **reservation_key(after.holder),
            "revision": {"N": str(after.revision)},
            "state": {"S": after.state.value},
            "chunks": {"N": str(after.chunks)},
            "held": _to_map(after.held),
            "returned": _to_map(after.returned),
        },
        "ConditionExpression": "attribute_not_exists(pk)" if is_new else "revision = :read",
    }
    if not is_new:
        put["ExpressionAttributeValues"] = {":read": {"N": str(before.revision)}}
    return {"Put": put}


def _to_map(quantities: Mapping[str, int]) -> dict[str, Any]:
    return {"M": {sku: {"N": str(quantity)} for sku, quantity in quantities.items()}}


def _from_map(attribute: Item) -> dict[str, int]:
    return {sku: int(quantity["N"]) for sku, quantity in attribute["M"].items()}
