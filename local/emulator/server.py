"""The child process of `local.emulator.aws.LocalAws`: applies the adaptations and runs MiniStack on one port.

    python -m local.emulator.server --port 4566 [--region R] [--lambda-workers N] [--parent-pid PID] [--folder PATH]
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
from collections.abc import Iterator
from contextlib import contextmanager

from local.emulator import processes

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
    import uvicorn
    import uvloop
    from ministack.app import app
    from ministack.core import lambda_runtime

    from local.emulator.call_counter import counted

    config = uvicorn.Config(
        counted(app),
        host="127.0.0.1",
        port=port,
        http="httptools",
        ws="none",
        proxy_headers=False,
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(GRACE_S),
        date_header=False,  # MiniStack sends the ones that AWS sends
        server_header=False,
        access_log=False,
        log_level=os.environ["LOG_LEVEL"].lower(),
    )

    class Server(uvicorn.Server):
        """One that leaves signals to `_until_told`."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    async def run(server: Server) -> None:
        told = asyncio.create_task(_until_told(parent_pid))
        told.add_done_callback(lambda _: setattr(server, "should_exit", True))
        await server.serve()

    try:
        uvloop.run(run(Server(config)))
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
        from local.emulator import adaptations, speedups

        adaptations.apply_all(lambda_workers=options.lambda_workers)
        speedups.parse_policies_once()
        speedups.leave_old_objects_alone()
    serve(options.port, options.parent_pid)
    if options.folder:
        shutil.rmtree(options.folder, ignore_errors=True)
    # Threads of MiniStack may still wait for workers that are gone; nothing is left to be written.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
