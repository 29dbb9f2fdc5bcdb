"""What was ordered: the immutable content of an order, its identity and its arithmetic."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, is_dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from chalicelib.domain.ids import hashed_id
from chalicelib.domain.money import Money

MAX_LINES = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One position. `unit_price` is net, in the order's currency, up to 6 decimals; `tax_rate` 0.20 is 20 %."""

    line: int
    sku: str
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal

    @property
    def gross(self) -> Decimal:
        """Quantity times price plus tax, unrounded."""
        return self.quantity * self.unit_price * (1 + self.tax_rate)


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """How the customer pays: method `card` with a provider's token, or `on_account` without."""

    method: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to deliver; `country` is an ISO 3166 alpha-2 code. `postal_code` is empty where there are none."""

    name: str
    address: str
    city: str
    postal_code: str = field(default="", kw_only=True)
    country: str


@dataclass(frozen=True, slots=True)
class OrderContent:
    """An order as the ERP sent it, checked for form but not yet for truth."""

    source: str
    external_id: str
    ordered_at: datetime
    customer_id: str
    currency: str
    lines: tuple[Line, ...]
    total: Money
    payment: PaymentInstruction
    ship_to: Address

    @property
    def order_id(self) -> str:
        return order_id(self.source, self.external_id)

    def quantities(self) -> dict[str, int]:
        """SKU -> pieces over all lines: a SKU may stand on several lines and is reserved once."""
        counts: Counter[str] = Counter()
        for line in self.lines:
            counts[line.sku] += line.quantity
        return dict(sorted(counts.items()))

    def flat(self) -> dict[str, str]:
        """Field path -> canonical text: "12.5" and "12.50" are the same price, 10:00Z and 11:00+01:00 the same time,
        a letter with its accent is one letter however it is encoded, and lines are known by their numbers."""
        return dict(_flatten("", replace(self, lines=tuple(sorted(self.lines, key=lambda line: line.line)))))

    def payload_hash(self) -> str:
        """SHA-256 (hex) over the canonical content: equal for a repeat, different for any changed field."""
        return hashlib.sha256(json.dumps(self.flat(), sort_keys=True).encode()).hexdigest()

    def possible_totals(self) -> frozenset[Money]:
        """The totals that count as right: ERPs round either each line or only the sum."""
        each_line = sum(Money.rounded(line.gross, self.currency).minor for line in self.lines)
        whole = Money.rounded(sum((line.gross for line in self.lines), Decimal(0)), self.currency)
        return frozenset({Money(each_line, self.currency), whole})


def _flatten(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Money):
        yield path, value.amount
    elif is_dataclass(value):
        for name in value.__dataclass_fields__:
            yield from _flatten(f"{path}.{name}" if path else name, getattr(value, name))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _flatten(f"{path}[{index}]", inner)
    elif isinstance(value, Decimal):
        yield path, format(value.normalize(), "f")
    elif isinstance(value, datetime):
        yield path, value.astimezone(UTC).isoformat()
    else:
        yield path, unicodedata.normalize("NFC", str(value))


def order_id(source: str, external_id: str) -> str:
    """The id of the order that `source` calls `external_id`: `o-` and 24 characters."""
    return hashed_id("o", source, external_id)
