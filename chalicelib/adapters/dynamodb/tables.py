"""The DynamoDB tables as plain data: the one source for CloudFormation and for the tests.

`TABLES` maps a logical name to the arguments of create_table without the table's name (`Settings.name(logical)`).
Keys are strings. Every table is billed on demand: orders come in bursts, and nobody plans capacity at night.
"""

from __future__ import annotations

from typing import Any


def _table(*keys: str, **more: Any) -> dict[str, Any]:
    """A table with a hash key and, if a second name is given, a range key."""
    return {
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": _key_schema(*keys),
        "BillingMode": "PAY_PER_REQUEST",
        **more,
    }


def _key_schema(*keys: str) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


POSITION = "position"
"""Range key of every index of `orders`: `<received_at>#<order_id>`, so that ties have an order too."""

ORDERS_INDEXES = {
    "by_day": "day_shard",
    "by_status": "status_shard",
    "by_source": "source_shard",
    "by_external_id": "external_id_shard",
    "by_customer": "customer_shard",
    "by_correlation": "correlation_shard",
}
"""Index of `orders` -> its hash key, `<value>#<shard>`."""


def _orders() -> dict[str, Any]:
    """KEYS_ONLY: a change of status costs one write in one index, any other change none; lists read the rows."""
    table = _table("pk")
    table["AttributeDefinitions"] += [
        {"AttributeName": name, "AttributeType": "S"} for name in (*ORDERS_INDEXES.values(), POSITION)
    ]
    table["GlobalSecondaryIndexes"] = [
        {"IndexName": index, "KeySchema": _key_schema(key, POSITION), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        for index, key in ORDERS_INDEXES.items()
    ]
    return table


TABLES: dict[str, dict[str, Any]] = {
    # pk ORDER#<id>, sk EVENT#<sequence>: the truth; its stream feeds the projection, EventBridge and the metrics
    "events": _table("pk", "sk", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}),
    # pk <order id>: the read model, one row per order
    "orders": _orders(),
    # pk SKU#<sku>, sk STOCK and pk ORDER#<id>, sk RESERVATION
    "inventory": _table("pk", "sk"),
    # sandbox payments and credit accounts
    "payments": _table("pk", "sk"),
    # tokens, circuit breakers, dead letters, leases, batches: whatever the operation of the system needs
    "control": _table("pk", "sk"),
}

TTL_ATTRIBUTES = {"control": "expires_at"}
"""Table -> the attribute (epoch seconds) after which DynamoDB deletes an item by itself."""
