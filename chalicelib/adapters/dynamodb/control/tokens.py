"""Token records in the table `control`: pk TOKEN#<id> · sk TOKEN. No secret, only its hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.auth.tokens import Role, TokenRecord
from chalicelib.domain.timestamps import format_utc, parse_utc

KEPT_AFTER_EXPIRY = timedelta(days=400)
"""A record outlives its token, so that an audit finds whose it was; then DynamoDB deletes it (`expires_at`)."""

_DEPENDENCY = "DynamoDB"
_KEY_PREFIX = "TOKEN#"


@dataclass(frozen=True, slots=True)
class DynamoDbTokens:
    """api.tokens.TokenStore. `valid_until` is the token's own expiry; the table deletes by `expires_at`, much later.

    Times are texts of fixed width, which compare as times do.
    """

    client: Any
    table: str

    def create(self, record: TokenRecord) -> bool:
        written = write_if(
            _DEPENDENCY,
            self.client.put_item,
            TableName=self.table,
            Item=_item(record),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return written.done or _record(written.item) == record  # ours, if an answer was lost and the SDK repeated it

    def get(self, token_id: str) -> TokenRecord | None:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=_key(token_id), ConsistentRead=True)
        return _record(answer["Item"]) if "Item" in answer else None

    def revoke(self, token_id: str, at: datetime) -> TokenRecord | None:
        return self._update(
            token_id,
            "SET revoked_at = if_not_exists(revoked_at, :at)",
            "attribute_exists(pk)",
            {":at": {"S": format_utc(at)}},
        )

    def expire_by(self, token_id: str, at: datetime) -> TokenRecord | None:
        return self._update(
            token_id,
            "SET valid_until = :at, expires_at = :deleted",
            "attribute_exists(pk) AND valid_until > :at",
            {":at": {"S": format_utc(at)}, ":deleted": {"N": str(_deleted_at(at))}},
        )

    def all(self) -> Iterator[TokenRecord]:
        """Scans the table: a handful of records among few others, for the command line only."""
        found = items(
            _DEPENDENCY,
            self.client.scan,
            TableName=self.table,
            ConsistentRead=True,
            FilterExpression="begins_with(pk, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": _KEY_PREFIX}},
        )
        return map(_record, found)

    def _update(self, token_id: str, change: str, condition: str, values: dict[str, Any]) -> TokenRecord | None:
        """The record afterwards; if the condition failed, the record as it is, None if there is none."""
        written = write_if(
            _DEPENDENCY,
            self.client.update_item,
            TableName=self.table,
            Key=_key(token_id),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return _record(written.item) if written.item else None


def _key(token_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"{_KEY_PREFIX}{token_id}"}, "sk": {"S": "TOKEN"}}


def _item(record: TokenRecord) -> dict[str, Any]:
    texts = {
        "role": record.role.value,
        "source": record.source,
        "label": record.label,
        "secret_hash": record.secret_hash,
        "created_at": format_utc(record.created_at),
        "valid_until": format_utc(record.expires_at),
    }
    if record.revoked_at is not None:
        texts["revoked_at"] = format_utc(record.revoked_at)
    deleted = {"expires_at": {"N": str(_deleted_at(record.expires_at))}}
    return _key(record.token_id) | {name: {"S": text} for name, text in texts.items()} | deleted


def _deleted_at(expires_at: datetime) -> int:
    return int((expires_at + KEPT_AFTER_EXPIRY).timestamp())


def _record(item: dict[str, Any]) -> TokenRecord:
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    revoked_at = texts.get("revoked_at")
    return TokenRecord(
        token_id=texts["pk"].removeprefix(_KEY_PREFIX),
        role=Role(texts["role"]),
        source=texts["source"],
        label=texts["label"],
        secret_hash=texts["secret_hash"],
        created_at=parse_utc(texts["created_at"]),
        expires_at=parse_utc(texts["valid_until"]),
        revoked_at=parse_utc(revoked_at) if revoked_at else None,
    )
