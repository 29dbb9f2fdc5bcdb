"""`python -m local.legacy_erp --db PATH generate --orders N`, or `run --per-minute N` until interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from chalicelib.adapters.system import SystemClock
from local.legacy_erp.database import LegacyErp
from local.legacy_erp.orders import OrderDesk
from local.legacy_erp.work import Work
from local.sample.catalogue import customers, products


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    erp = LegacyErp(options.db)
    work = Work(erp, OrderDesk(customers(), products()), SystemClock(), options.seed)
    if options.command == "generate":
        print(f"{len(work.generate(options.orders))} transactions for {options.orders} orders in {options.db}")
    elif options.command == "run":
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        print(f"{work.keep_working(options.per_minute, stop.is_set)} orders entered in {options.db}")
    else:
        for status, count in sorted(erp.statuses().items()):
            print(f"{MEANINGS.get(status, status):<12} {count}")
    return 0


MEANINGS = {" ": "no answer", "U": "received", "B": "confirmed", "A": "rejected", "S": "cancelled", "K": "failed"}
"""OBSTATUS in words."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.legacy_erp", description=__doc__)
    parser.add_argument("--db", type=Path, required=True, help="the SQLite file; made if it is not there")
    parser.add_argument("--seed", type=int, default=1, help="the same seed enters the same orders")
    commands = parser.add_subparsers(dest="command", required=True)
    generate = commands.add_parser("generate", help="enter orders, at once")
    generate.add_argument("--orders", type=int, required=True)
    run = commands.add_parser("run", help="go on entering and changing orders until interrupted")
    run.add_argument("--per-minute", type=float, default=20)
    commands.add_parser("status", help="how many orders have which answer of Orderbridge")
    return parser


if __name__ == "__main__":
    sys.exit(main())
