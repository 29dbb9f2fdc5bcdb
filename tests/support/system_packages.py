"""Which of the Debian packages that the database tests need are not here."""

from __future__ import annotations

import ctypes
import shutil
from functools import cache
from pathlib import Path

DRIVERS = {
    "libsqliteodbc": "libsqlite3odbc.so",
    "odbc-postgresql": "psqlodbcw.so",
    "odbc-mariadb": "libmaodbc.so",
    "tdsodbc": "libtdsodbc.so",
}
"""Package -> its driver, somewhere below /usr/lib/*/odbc."""

POSTGRESQL = "/usr/lib/postgresql"


@cache
def missing() -> tuple[str, ...]:
    """Package names; empty if everything is installed. `make setup` installs them when it may."""
    found = {path.name for path in Path("/usr/lib").glob("*/odbc/*.so")}
    absent = [package for package, driver in DRIVERS.items() if driver not in found]
    try:
        ctypes.CDLL("libodbc.so.2")
    except OSError:
        absent.insert(0, "unixodbc")
    if not list(Path(POSTGRESQL).glob("*/bin/initdb")):
        absent.append("postgresql")
    if not (shutil.which("mariadbd") or Path("/usr/sbin/mariadbd").exists()):
        absent.append("mariadb-server")
    return tuple(absent)
