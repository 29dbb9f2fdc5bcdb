"""Real database servers for tests: PostgreSQL and MariaDB in temporary directories, on free ports, stopped by pid.

Started once per process and never as root: both refuse that, so a root test run hands its directory to `nobody`.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.emulator.aws import free_port

START_TIMEOUT_S = 120.0
ACCOUNT = "nobody"


class ServerMissing(RuntimeError):
    """The server's programs are not installed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `odbc` is the connection string; `connect()` a pyodbc connection for the ERP's own side."""

    dialect: str
    odbc: str
    port: int

    def connect(self, autocommit: bool = True) -> Any:
        import pyodbc

        pyodbc.pooling = False
        return pyodbc.connect(self.odbc, autocommit=autocommit, timeout=60)

    def script(self, *statements: str) -> None:
        connection = self.connect()
        for statement in statements:
            connection.cursor().execute(statement)
        connection.close()


_running: dict[str, Server] = {}


def postgresql() -> Server:
    """PostgreSQL, started when first asked for."""
    if "postgresql" not in _running:
        _running["postgresql"] = _start_postgresql()
    return _running["postgresql"]


def mariadb() -> Server:
    """MariaDB, started when first asked for."""
    if "mariadb" not in _running:
        _running["mariadb"] = _start_mariadb()
    return _running["mariadb"]


SERVERS: dict[str, Callable[[], Server]] = {"postgresql": postgresql, "mariadb": mariadb}


def _start_postgresql() -> Server:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        raise ServerMissing("PostgreSQL is not installed: apt-get install postgresql odbc-postgresql")
    folder, port = _folder("pg"), free_port()
    initdb = programs[-1].with_name("initdb")
    _run([str(initdb), "-D", f"{folder}/data", "-U", "erp", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    more = "-c max_connections=60 -c shared_buffers=128MB -c max_prepared_transactions=10"
    _serve([str(programs[-1]), "-D", f"{folder}/data", *options.split(), *more.split()], folder, signal.SIGINT)
    odbc = f"Driver={{PostgreSQL Unicode}};Server=127.0.0.1;Port={port};Database=postgres;UID=erp"
    return _answering(Server("postgresql", odbc, port), folder)


def _start_mariadb() -> Server:
    server, install = shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), shutil.which("mariadb-install-db")
    if server is None or install is None:
        raise ServerMissing("MariaDB is not installed: apt-get install mariadb-server odbc-mariadb")
    folder, port = _folder("maria"), free_port()
    common = ["--no-defaults", f"--datadir={folder}/data"]
    _run([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
    options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
    tuning = ["--innodb-flush-log-at-trx-commit=0", "--max-connections=100", "--skip-log-bin", f"--tmpdir={folder}"]
    names = ["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"]
    _serve([server, *common, *options, *tuning, *names], folder, signal.SIGTERM)
    odbc = f"Driver={{MariaDB Unicode}};Server=127.0.0.1;Port={port};Database=mysql;UID=root;CHARSET=utf8mb4"
    made = _answering(Server("mariadb", odbc, port), folder)
    made.script("CREATE DATABASE erp")
    return Server("mariadb", odbc.replace("Database=mysql", "Database=erp"), port)


def _folder(purpose: str) -> str:
    folder = tempfile.mkdtemp(prefix=f"orderbridge-{purpose}-")
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _as_account() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(ACCOUNT)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_as_account())
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2000:]}")


def _serve(command: Sequence[str], folder: str, stop: signal.Signals) -> None:
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True, **_as_account()
        )
    owner = os.getpid()

    def end() -> None:
        if os.getpid() != owner:
            return  # a forked child must not stop its parent's server
        process.send_signal(stop)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()

    atexit.register(end)


def _answering(server: Server, folder: str) -> Server:
    import pyodbc

    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            server.connect().close()
            return server
        except pyodbc.Error as error:
            if time.monotonic() > deadline:
                log = Path(folder, "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{server.dialect} did not start: {error}\n{log}") from error
            time.sleep(0.1)
