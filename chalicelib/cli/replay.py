"""`python -m chalicelib.cli.replay`: fold every order from its events and compare the read model with that.

Prints every difference; exit code 1 if there are any. `--repair` makes the read model agree, from nothing if need be.
Safe while orders come in: what differs is looked at again after a while, because the read model follows the events.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.ports import Clock
from chalicelib.read_model.comparison import PARALLEL, Comparison, RowDifference, compare

__all__ = ["Replay", "compare", "run"]

SETTLING_S = 3.0
"""How long the stream has to bring the read model up to date before a difference counts."""

PROGRESS_EVERY = 500


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


def run(
    arguments: Sequence[str],
    make_replay: Callable[[argparse.Namespace, Callable[[int], None]], Replay],
    out: TextIO,
    err: TextIO,
) -> int:
    """The command; 0 if the models agree (at the end), 1 if not, 2 if that could not be found out."""
    options = _parser().parse_args(arguments)
    try:
        replay = make_replay(options, lambda count: print(f"{count:,} orders compared", file=err))
        orders, differences = replay.compare()
        _show(orders, differences, out)
        if differences and options.repair:
            order_ids = sorted({difference.order_id for difference in differences})
            replay.models.repair(order_ids)
            differences = replay.compare_again(order_ids)
            print(f"repaired {len(order_ids):,} orders", file=out)
            _show(len(order_ids), differences, out)
    except OrderbridgeError as error:
        print(f"not done: {error}", file=err)
        return 2
    return 1 if differences else 0


def _show(orders: int, differences: Sequence[RowDifference], out: TextIO) -> None:
    for difference in differences:
        print(difference, file=out)
    differing = len({difference.order_id for difference in differences})
    print(f"{orders:,} orders compared: {len(differences):,} differences in {differing:,} orders", file=out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.replay",
        description="Compare the read model with the events of every order, and repair it if asked to.",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="only compare (the default)")
    mode.add_argument("--repair", action="store_true", help="rewrite the rows that differ, then compare them again")
    parser.add_argument("--stage", default="", help="default: ORDERBRIDGE_STAGE")
    parser.add_argument("--parallel", type=int, default=PARALLEL, help=f"orders read at once (default {PARALLEL})")
    return parser


def main() -> int:
    """The composition for the command line."""
    from chalicelib.cli.context import operator_application

    def make_replay(options: argparse.Namespace, report: Callable[[int], None]) -> Replay:
        app = operator_application(options.stage)
        return Replay(Comparison(app.events, app.projection, max(1, options.parallel)), app.clock, report)

    return run(sys.argv[1:], make_replay, sys.stdout, sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
