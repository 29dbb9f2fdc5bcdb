"""The child process of `local.aws.LocalAws`: applies the adaptations and runs MiniStack on one port.

    python -m local.server --port 4566 [--region R] [--lambda-workers N] [--parent-pid PID] [--folder PATH]
                           [--no-auth] [--unadapted]

It ends cleanly on SIGTERM, on SIGINT, and when the process `--parent-pid` has ended: with it go the Lambda
workers and the `--folder` in which the two keep their files.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys

from local import processes

PARENT_CHECK_S = 0.5
GRACE_S = 1.0
ACCOUNT_CONCURRENCY = 1000  # AWS's own default: the next concurrent call is told TooManyRequestsException


def configure(options: argparse.Namespace) -> None:
    """MiniStack reads its settings from the environment while it is imported, so this comes first."""
    os.environ.update(
        GATEWAY_PORT=str(options.port),
        BIND_HOST="127.0.0.1",
        MINISTACK_REGION=options.region,
        MINISTACK_ACCOUNT_ID="000000000000",
        AUTH="true" if options.auth else "false",
        LAMBDA_ACCOUNT_CONCURRENCY=str(ACCOUNT_CONCURRENCY),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LOG_LEVEL=os.environ.get("LOG_LEVEL", "WARNING"),
    )


async def _until_told(parent_pid: int) -> None:
    """Returns on SIGTERM or SIGINT, or when the parent has ended."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    first_parent = os.getppid()
    while not told.is_set():
        if parent_pid and processes.has_gone(parent_pid, first_parent):
            return
        try:
            await asyncio.wait_for(told.wait(), PARENT_CHECK_S)
        except TimeoutError:
            continue


def serve(port: int, parent_pid: int) -> None:
    """Serve until told to stop, then end every Lambda worker."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.core import lambda_runtime

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = GRACE_S
    config.shutdown_timeout = GRACE_S
    config.loglevel = os.environ["LOG_LEVEL"]
    try:
        asyncio.run(hypercorn_serve(app, config, shutdown_trigger=lambda: _until_told(parent_pid)))
    finally:
        lambda_runtime.reset()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--lambda-workers", type=int, default=24)
    parser.add_argument("--parent-pid", type=int, default=0)
    parser.add_argument("--folder", help="removed in the end")
    parser.add_argument("--no-auth", dest="auth", action="store_false")
    parser.add_argument("--unadapted", dest="adapted", action="store_false")
    options = parser.parse_args()

    configure(options)
    if options.adapted:
        from local import adaptations

        adaptations.apply_all(lambda_workers=options.lambda_workers)
    serve(options.port, options.parent_pid)
    if options.folder:
        shutil.rmtree(options.folder, ignore_errors=True)
    # Threads of MiniStack may still wait for workers that are gone; nothing is left to be written.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
