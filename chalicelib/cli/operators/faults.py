"""Rehearse an outage: switches that make a dependency fail, on stages that allow them.

A switch acts within a second and ends by itself after a day. The modes are described in docs/payments.md.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

from chalicelib.adapters.fault_injection.switches import ALL, LONGEST_REHEARSAL, MAX_SLOW_S, Mode, Switch
from chalicelib.cli.context import Context
from chalicelib.cli.errors import WrongCall
from chalicelib.cli.parser import add_subcommand, add_subcommands, number

LONGEST_MINUTES = LONGEST_REHEARSAL.total_seconds() / 60
_MINUTES = number(float, 0.001, LONGEST_MINUTES, f"a number of minutes above 0, up to {LONGEST_MINUTES:g}")
_SECONDS = number(float, 0.001, MAX_SLOW_S, f"a number of seconds above 0, up to {MAX_SLOW_S:g}")
_CALLS = number(int, 1, 10**9, "a whole number of calls, 1 or more")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = add_subcommands(parser)
    on = add_subcommand(commands, "on", "make a dependency fail", _on)
    off = add_subcommand(commands, "off", "end a rehearsal", _off)
    add_subcommand(commands, "list", "what is switched on", _list)
    calls = add_subcommand(commands, "calls", "how often a dependency was asked while a switch was on", _calls)
    for command in (on, off, calls):
        command.add_argument("dependency", metavar="DEPENDENCY", type=_name, help="payment, inventory, step or erp")
    on.add_argument("mode", metavar="MODE", choices=[mode.value for mode in Mode], help=", ".join(Mode))
    for command in (on, off):
        command.add_argument(
            "--operation", type=_name, default=ALL, help="only this one, such as capture; default: all of them"
        )
    on.add_argument("--calls", type=_CALLS, help="so many calls; default: every call")
    on.add_argument("--minutes", type=_MINUTES, help="end after this time; default: a day")
    on.add_argument("--seconds", type=_SECONDS, help="how slow, for the mode slow")


def run(options: argparse.Namespace, context: Context) -> int:
    return int(options.run(options, context))


def _on(options: argparse.Namespace, context: Context) -> int:
    mode = Mode(options.mode)
    if mode is Mode.SLOW and options.seconds is None:
        raise WrongCall(f"the mode slow needs the seconds that a call takes; add --seconds 5 (up to {MAX_SLOW_S:g})")
    app = context.application(options.stage)
    until = app.clock.now() + timedelta(minutes=options.minutes) if options.minutes else None
    wanted = Switch(options.dependency, mode, options.operation, options.calls, until, options.seconds or 0.0)
    context.print(f"on: {describe(app.switches.on(wanted))}")
    return 0


def _off(options: argparse.Namespace, context: Context) -> int:
    context.application(options.stage).switches.off(options.dependency, options.operation)
    context.print(f"off: {options.dependency} {options.operation}")
    return 0


def _list(options: argparse.Namespace, context: Context) -> int:
    on = context.application(options.stage).switches.status()
    for switch in on:
        context.print(describe(switch))
    if not on:
        context.print("nothing is switched on")
    return 0


def _calls(options: argparse.Namespace, context: Context) -> int:
    """By the second, for seeing how often a dependency that is down is asked."""
    calls = context.application(options.stage).switches.calls(options.dependency)
    for second, count in calls.items():
        context.print(f"{second:%Y-%m-%dT%H:%M:%SZ} {count}")
    context.print(f"{sum(calls.values())} calls while a switch was on")
    return 0


def describe(switch: Switch) -> str:
    """One line: what fails, how, for how long."""
    operation = "all operations" if switch.operation == ALL else switch.operation
    how = f"{switch.mode} {switch.seconds:g} s" if switch.mode is Mode.SLOW else str(switch.mode)
    calls = "every call" if switch.remaining is None else f"the next {switch.remaining} calls"
    return f"{switch.dependency} ({operation}): {how}, {calls}, until {switch.until:%Y-%m-%dT%H:%M:%SZ}"


def _name(text: str) -> str:
    if not text or "/" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a name; it must not be empty or hold a slash")
    return text
