"""`make bench`: runs the measurements one after the other. `python -m bench NAME ...` runs some of them."""

from __future__ import annotations

import argparse
import importlib
import sys

BENCHES = {
    "orders": "the API's latency, and orders per second against a state machine that does nothing",
    "imports": "what each function's cold start imports, in milliseconds",
    "poller_throughput": "rows per second of the poller, beside a bare fetch loop and dlt",
    "files": "how fast files of each format are read",
    "splitting": "large files call by call, and files that are made to be slow at two sizes",
    "bulk": "a batch beside a map, and a workflow, that do nothing",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    listed = "; ".join(f"{name}: {text}" for name, text in BENCHES.items())
    parser.add_argument("names", nargs="*", metavar="NAME", help=listed)
    names = parser.parse_args().names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(BENCHES)}")
    worst = 0
    for name in names:
        print(f"\n=== {name}: {BENCHES[name]}", flush=True)
        worst = max(worst, importlib.import_module(f"bench.{name}").main([]))
    return worst


if __name__ == "__main__":
    sys.exit(main())
