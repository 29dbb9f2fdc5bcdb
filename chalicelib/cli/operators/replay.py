"""Folds every order from its events and compares the read model with that; prints every difference.

Ends with 1 if there are differences, with `--repair` if there are any left. Safe while orders come in: what differs is
looked at again after a while, because the read model follows the events.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.cli.context import Context
from chalicelib.cli.parser import number
from chalicelib.ports import Clock
from chalicelib.read_model.comparison import PARALLEL, Comparison, RowDifference

SETTLING_S = 3.0
"""How long the stream has to bring the read model up to date before a difference counts."""

PROGRESS_EVERY = 500
MAX_PARALLEL = 64


def _silent(count: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Replay:
    """The comparison, with patience. `report` hears how many orders were compared, every 500."""

    models: Comparison
    clock: Clock
    report: Callable[[int], None] = _silent

    def compare(self) -> tuple[int, list[RowDifference]]:
        """How many orders there are, and every lasting difference between their events and the read model."""
        orders, suspects = 0, set()
        for order_id, found in self.models.look():
            orders += 1
            if found:
                suspects.add(order_id)
            if orders % PROGRESS_EVERY == 0:
                self.report(orders)
        return orders, self.compare_again(sorted(suspects))

    def compare_again(self, order_ids: Sequence[str]) -> list[RowDifference]:
        """The differences of these orders, once the read model has had time to follow."""
        if order_ids:
            self.clock.sleep(SETTLING_S)
        return self.models.differences(order_ids)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="only compare (the default)")
    mode.add_argument("--repair", action="store_true", help="rewrite the rows that differ, then compare them again")
    mode.add_argument(
        "--rewrite", action="store_true", help="rewrite every row: once, after an upgrade that brought a new index"
    )
    parallel = number(int, 1, MAX_PARALLEL, f"a whole number from 1 to {MAX_PARALLEL}")
    parser.add_argument("--parallel", type=parallel, default=PARALLEL, help=f"orders read at once; default: {PARALLEL}")


def run(options: argparse.Namespace, context: Context) -> int:
    app = context.application(options.stage)
    comparison = Comparison(app.events, app.projection, options.parallel)
    replay = Replay(comparison, app.clock, lambda count: context.note(f"{count:,} orders compared"))
    if options.rewrite:
        replay.models.repair(app.events.order_ids())
    orders, differences = replay.compare()
    _show(orders, differences, context)
    if differences and options.repair:
        order_ids = sorted({difference.order_id for difference in differences})
        replay.models.repair(order_ids)
        differences = replay.compare_again(order_ids)
        context.print(f"repaired {len(order_ids):,} orders")
        _show(len(order_ids), differences, context)
    return 1 if differences else 0


def _show(orders: int, differences: Sequence[RowDifference], context: Context) -> None:
    for difference in differences:
        context.print(str(difference))
    differing = len({difference.order_id for difference in differences})
    context.print(f"{orders:,} orders compared: {len(differences):,} differences in {differing:,} orders")
