"""`python -m poller run`: the poller as a service for networks that Lambda cannot reach."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("run", help="poll all sources until stopped (SIGTERM stops after the page)")
    parser.add_argument("--once", action="store_true", help="poll every source once, then exit; 1 if one failed")
    parser.add_argument("--source-dir", type=Path, default=None, help="directory of source files (*.toml)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 after a graceful stop; with --once 1 if a source failed."""
    from chalicelib.wiring.application import application
    from poller.polling.service import Service, stop_on_signals
    from poller.wiring import configured_sources, services_of

    sources = configured_sources(os.environ, options.source_dir)
    if not sources:
        print("there is no source file: put one into poller/sources or name a directory with --source-dir")
        return 1
    service = Service(sources, services_of(application()))
    if options.once:
        reports = service.tick()
        for report in reports:
            print(f"{report.source}: {report.outcome}, {report.counts.accepted} accepted {report.detail}".rstrip())
        return int(any(report.failed for report in reports))
    stop_on_signals(service)
    print(f"polling {', '.join(item.source.name for item in sources)}; SIGTERM stops after the page", flush=True)
    service.run()
    return 0
