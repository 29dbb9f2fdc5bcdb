"""Rehearse an outage: failure switches on the command line, on stages that allow them.

    python -m chalicelib.cli.faults on payment unavailable --calls 20
    python -m chalicelib.cli.faults on payment timeout_after --operation capture --calls 1
    python -m chalicelib.cli.faults on inventory slow --seconds 5 --minutes 10
    python -m chalicelib.cli.faults off payment [--operation capture]
    python -m chalicelib.cli.faults list
    python -m chalicelib.cli.faults calls payment

A switch acts within a second and ends by itself after a day. The modes are described in docs/payments.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TextIO

from chalicelib.adapters.fault_injection.switches import ALL, FaultSwitches, Mode, Switch
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.ports import Clock


def main(arguments: Sequence[str], switches: Callable[[], tuple[FaultSwitches, Clock]], out: TextIO) -> int:
    """Runs one command; 0 if it was done, 1 with a sentence if not."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options, *switches(), out)
    except (OrderbridgeError, ValueError) as error:
        print(f"not done: {error}", file=out)
        return 1
    return 0


def _on(options: argparse.Namespace, switches: FaultSwitches, clock: Clock, out: TextIO) -> None:
    until = clock.now() + timedelta(minutes=options.minutes) if options.minutes else None
    wanted = Switch(
        options.dependency, Mode(options.mode), options.operation, options.calls, until, options.seconds or 0.0
    )
    print(f"on: {describe(switches.on(wanted))}", file=out)


def _off(options: argparse.Namespace, switches: FaultSwitches, clock: Clock, out: TextIO) -> None:
    switches.off(options.dependency, options.operation)
    print(f"off: {options.dependency} {options.operation}", file=out)


def _list(options: argparse.Namespace, switches: FaultSwitches, clock: Clock, out: TextIO) -> None:
    on = switches.status()
    for switch in on:
        print(describe(switch), file=out)
    if not on:
        print("nothing is switched on", file=out)


def _calls(options: argparse.Namespace, switches: FaultSwitches, clock: Clock, out: TextIO) -> None:
    """By the second, for seeing how often a dependency that is down is asked."""
    calls = switches.calls(options.dependency)
    for second, count in calls.items():
        print(f"{second:%Y-%m-%dT%H:%M:%SZ} {count}", file=out)
    print(f"{sum(calls.values())} calls while a switch was on", file=out)


def describe(switch: Switch) -> str:
    """One line: what fails, how, for how long."""
    operation = "all operations" if switch.operation == ALL else switch.operation
    how = f"{switch.mode} {switch.seconds:g} s" if switch.mode is Mode.SLOW else str(switch.mode)
    calls = "every call" if switch.remaining is None else f"the next {switch.remaining} calls"
    return f"{switch.dependency} ({operation}): {how}, {calls}, until {switch.until:%Y-%m-%dT%H:%M:%SZ}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    on = commands.add_parser("on", help="make a dependency fail")
    on.add_argument("dependency", help="payment, inventory or erp")
    on.add_argument("mode", choices=[mode.value for mode in Mode])
    on.add_argument("--operation", default=ALL, help="only this one, such as capture or refund")
    on.add_argument("--calls", type=int, help="so many calls; without it, until it is switched off")
    on.add_argument("--minutes", type=float, help="end after this time (a day)")
    on.add_argument("--seconds", type=float, help="how slow, for mode slow")
    on.set_defaults(run=_on)

    off = commands.add_parser("off", help="end a rehearsal")
    off.add_argument("dependency")
    off.add_argument("--operation", default=ALL)
    off.set_defaults(run=_off)

    commands.add_parser("list", help="what is switched on").set_defaults(run=_list)

    calls = commands.add_parser("calls", help="how often a dependency was asked while a switch was on")
    calls.add_argument("dependency")
    calls.set_defaults(run=_calls)
    return parser


def _wired() -> tuple[FaultSwitches, Clock]:
    """As the functions of the stage have them; asked for only when the command line is right."""
    from chalicelib.cli.context import operator_application

    app = operator_application()
    return app.switches, app.clock


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _wired, sys.stdout))
