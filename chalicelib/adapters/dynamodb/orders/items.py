"""Rows of the read model as DynamoDB items: the row as JSON, and beside it only what the indexes sort by.

pk <order id> · version · data · position · <value>#<shard> in day_shard, status_shard, source_shard, external_id_shard,
customer_shard and correlation_shard
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.adapters.dynamodb.tables import POSITION
from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.timestamps import format_utc
from chalicelib.ports import OrderRow
from chalicelib.read_model.listing import position

SHARDS = 8
"""A partition takes 1,000 writes a second; the orders of a day, or of a status, are spread over this many."""

_DECODER = msgspec.json.Decoder(OrderRow)


def row_key(order_id: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": order_id}}


def shard_value(value: str, shard: int) -> str:
    return f"{value}#{shard}"


def to_item(row: OrderRow) -> dict[str, dict[str, str]]:
    shard = zlib.crc32(row.order_id.encode()) % SHARDS
    return {
        **row_key(row.order_id),
        "version": {"N": str(row.version)},
        "data": {"S": msgspec.json.encode(row).decode()},
        "day_shard": {"S": shard_value(day_of(format_utc(row.received_at)), shard)},
        "status_shard": {"S": shard_value(row.status, shard)},
        "source_shard": {"S": shard_value(row.source, shard)},
        "external_id_shard": {"S": shard_value(row.external_id, shard)},
        "customer_shard": {"S": shard_value(row.customer_id, shard)},
        "correlation_shard": {"S": shard_value(row.correlation_id, shard)},
        POSITION: {"S": position(row)},
    }


def row_of(item: Mapping[str, Any]) -> OrderRow:
    """Raises CorruptHistory; replay --repair fixes it, because the events are the truth."""
    try:
        return _DECODER.decode(item["data"]["S"])
    except (KeyError, msgspec.MsgspecError):
        raise CorruptHistory(f"the row of order {item['pk']['S']} cannot be read; rebuild it with replay") from None


def day_of(moment_or_position: str) -> str:
    return moment_or_position[:10]
