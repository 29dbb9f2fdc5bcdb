"""`python -m poller check SOURCE`: every problem of a source, each with its fix, before it is trusted."""

from __future__ import annotations

import argparse
from contextlib import closing

from poller.commands.context import Context, add_source, default_context
from poller.database.catalogue import open_catalogue
from poller.onboarding.check import check
from poller.onboarding.checks.subject import CheckResult, Level, SourceUnderTest


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("check", help="connect and examine a source: every problem with its fix")
    add_source(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 if there is no problem (warnings do not count)."""
    context = context or default_context()
    loaded = context.source(options)
    source = loaded.source
    with closing(context.connect(source)) as connection:
        catalogue = open_catalogue(source.connection, context.environ, context.secret, source.name)
        with closing(catalogue):
            subject = SourceUnderTest(
                source, connection, catalogue, context.now(), lambda: context.connect(source, True)
            )
            results = []
            for result in check(subject):
                results.append(result)
                context.print(line(result))
    problems = sum(result.level is Level.PROBLEM for result in results)
    warnings = sum(result.level is Level.WARNING for result in results)
    context.print(f"{source.name}: {problems} problems, {warnings} warnings")
    return int(problems > 0)


def line(result: CheckResult) -> str:
    """One or two lines: what, and what to do."""
    fix = f"\n         -> {result.fix}" if result.fix else ""
    return f"{result.level:<8} {result.where}: {result.text}{fix}"
