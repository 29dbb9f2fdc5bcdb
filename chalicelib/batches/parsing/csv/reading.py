"""What is known of a row before the order is read of which it is."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.batches.parsing.records import Problem


@dataclass(frozen=True, slots=True)
class Reading:
    """Of a row: the number of its order, if it has one; why it cannot be read; whether it belongs to no order.

    `candidates`: the numbers that a row which cannot be read may have: delimiters too many have shifted its cells.
    `holds_more`: it has cells for the beginning of another row. `ends_in_number`: it breaks off in its number.
    `continues`: belongs to the order above; `begins`: to none above; `is_part`: is no order alone.
    `alone`: what is wrong with a row that belongs to no order.
    """

    external_id: str = ""
    problem: Problem | None = None
    is_remark: bool = False
    candidates: tuple[str, ...] = ()
    holds_more: bool = False
    ends_in_number: bool = False
    continues: bool = False
    begins: bool = False
    is_part: bool = False
    alone: Problem = ("external_id", "is empty")
