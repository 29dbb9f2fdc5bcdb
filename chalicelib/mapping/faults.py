"""What is wrong with rows that cannot become an order, every fault with its field and its column."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import OrderbridgeError


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot become an order: the canonical field, the ERP column(s) it comes from, the reason.

    `reason` never contains the value: it may be personal.
    """

    field: str
    column: str
    reason: str

    def __str__(self) -> str:
        origin = f" (column {self.column})" if self.column else ""
        return f"{self.field}{origin}: {self.reason}"


class BadRow(OrderbridgeError):
    """An order that cannot be mapped, with every fault found."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        assert faults, "a bad row always says why"
        self.faults = faults
        super().__init__("; ".join(str(fault) for fault in faults[:20]))
