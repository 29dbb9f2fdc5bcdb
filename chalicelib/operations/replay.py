"""`python -m chalicelib.operations.replay`: fold every order from its events and compare the read model with that.

Prints every difference; exit code 1 if there are any. `--repair` makes the read model agree, from nothing if need be.
Safe while orders come in: what differs is looked at again after a while, because the read model follows the events.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.operations.comparison import PARALLEL, Difference, Replay


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
            replay.repair(order_ids)
            differences = replay.compare_again(order_ids)
            print(f"repaired {len(order_ids):,} orders", file=out)
            _show(len(order_ids), differences, out)
    except OrderbridgeError as error:
        print(f"not done: {error}", file=err)
        return 2
    return 1 if differences else 0


def _show(orders: int, differences: Sequence[Difference], out: TextIO) -> None:
    for difference in differences:
        print(difference, file=out)
    differing = len({difference.order_id for difference in differences})
    print(f"{orders:,} orders compared: {len(differences):,} differences in {differing:,} orders", file=out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.operations.replay",
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
    from chalicelib.bootstrap import Application
    from chalicelib.operations.cli import operator_settings

    def make_replay(options: argparse.Namespace, report: Callable[[int], None]) -> Replay:
        app = Application(operator_settings(options.stage, os.environ))
        return Replay(app.events, app.projection, app.clock, max(1, options.parallel), report)

    return run(sys.argv[1:], make_replay, sys.stdout, sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
