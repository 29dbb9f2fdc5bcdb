"""A handle on the local AWS: start it, talk to it, stop it, and be sure that nothing is left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from local.emulator import processes

HOST = "127.0.0.1"
DEFAULT_REGION = "eu-central-1"
ACCOUNT_ID = "000000000000"
DEFAULT_LAMBDA_WORKERS = 24  # about 1.5 GB with everything imported; one for each function of a stage
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
"""Both are for what would otherwise hang for ever, on a machine that is busy with something else."""

REPOSITORY = Path(__file__).resolve().parents[2]


_making_clients = Lock()


@cache
def _session() -> Any:
    """One for the process: it parses each service's model once, which takes longer than most calls."""
    import boto3

    return boto3.Session("test", "test")


class LocalAwsError(RuntimeError):
    """The local AWS did not start, or did not go away."""


def free_port() -> int:
    """A TCP port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class LocalAws:
    """One MiniStack server in a child process with a session of its own.

    The child, and every Lambda worker it starts, belong to one process group: stopping means asking the child
    to end, then making sure that the group is empty and the port is free. Should this process be killed, the
    child notices within half a second and ends itself.

        with LocalAws() as aws:
            aws.client("sqs").create_queue(QueueName="q")
            subprocess.run(["chalice", "deploy"], env=aws.environment(), check=True)
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        region: str = DEFAULT_REGION,
        lambda_workers: int = DEFAULT_LAMBDA_WORKERS,
        auth: bool = True,
        adapted: bool = True,
        log_file: Path | None = None,
    ) -> None:
        """`adapted=False` runs MiniStack as it comes, for the tests that watch upstream.

        The log goes to `log_file`; without one, to a temporary file that is removed in the end.
        """
        self.port = port or free_port()
        self.region = region
        self.account_id = ACCOUNT_ID
        self.lambda_workers = lambda_workers
        self.auth = auth
        self.adapted = adapted
        self._kept_log_file = log_file
        self._folder: Path | None = None  # TMPDIR of the server and of the functions, gone when they are
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Where the server writes while it runs."""
        if self._kept_log_file:
            return self._kept_log_file
        if self._folder is None:
            raise LocalAwsError("not started")
        return self._folder / "server.log"

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id of the server, which is also the id of its process group."""
        return self._process.pid if self._process else None

    def api_url(self, rest_api_id: str, stage: str = "api") -> str:
        """Where a deployed REST API answers; append the path, which begins with a slash."""
        return f"{self.endpoint_url}/restapis/{rest_api_id}/{stage}/_user_request_"

    def environment(self) -> dict[str, str]:
        """A complete environment for a child process, such as the chalice CLI, that must see this AWS only.

        Everything named AWS_* is dropped first, so that a developer's own profile can never be reached.
        """
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",  # or StartSyncExecution goes to a host "sync-127.0.0.1"
        }

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the account's root user, which passes every policy evaluation."""
        from botocore.config import Config

        config = Config(inject_host_prefix=False).merge(options.pop("config", Config()))
        with _making_clients:  # a session may not make two at once
            return _session().client(
                service, region_name=self.region, endpoint_url=self.endpoint_url, config=config, **options
            )

    def start(self) -> Self:
        """Start the server and wait until it answers. Raises LocalAwsError, with the log's end, if it does not."""
        if self._process:
            raise LocalAwsError("already started")
        if processes.port_in_use(HOST, self.port):
            raise LocalAwsError(f"port {self.port} is in use")
        command = [sys.executable, "-m", "local.emulator.server", "--port", str(self.port), "--region", self.region]
        command += ["--lambda-workers", str(self.lambda_workers), "--parent-pid", str(os.getpid())]
        command += [] if self.auth else ["--no-auth"]
        command += [] if self.adapted else ["--unadapted"]
        self._folder = Path(tempfile.mkdtemp(prefix="local-aws-"))
        command += ["--folder", str(self._folder)]
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=_server_environment() | {"TMPDIR": str(self._folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def reset(self) -> None:
        """Forget every resource and end every Lambda worker; the server stays."""
        request = urllib.request.Request(f"{self.endpoint_url}/_ministack/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def worker_pids(self) -> list[int]:
        """Process ids of the Lambda workers, and of whatever these have started."""
        return [pid for pid in processes.group_members(self.pid) if pid != self.pid] if self.pid else []

    def stop(self) -> None:
        """End the server and its workers. Raises LocalAwsError if one of them, or the port, stays occupied."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        left = processes.end_group(process.pid, within_s=STOP_TIMEOUT_S)
        self._remove_folder()
        if left:
            raise LocalAwsError(f"processes {left} are still there")
        if processes.port_in_use(HOST, self.port):
            raise LocalAwsError(f"port {self.port} is still in use")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise LocalAwsError(f"the server ended with {self._process.returncode}: {self._log_tail()}")
            try:
                with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise LocalAwsError(f"no answer within {START_TIMEOUT_S:.0f} s: {self._log_tail()}")

    def _remove_folder(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _log_tail(self) -> str:
        return self.log_file.read_text(errors="replace")[-2000:]


def _server_environment() -> dict[str, str]:
    """What the server, and through it every Lambda function, inherits: no AWS settings, no path of ours."""
    dropped = ("AWS_", "PYTHON", "MINISTACK_", "LAMBDA_", "SFN_")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
