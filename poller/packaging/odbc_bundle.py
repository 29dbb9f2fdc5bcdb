"""ODBC for Lambda: gather the driver manager and drivers with their libraries, and refuse what would not load there.

Chalice copies the *content* of `vendor/` to the root of the bundle, so `vendor/lib` becomes `/var/task/lib`, which
is on the loader's path of every Lambda runtime (behind /lib64: what the runtime has itself wins).
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from poller.packaging.elf import (
    GlibcNeed,
    UnreadableLibrary,
    architecture,
    closure,
    dependencies,
    glibc_needs,
    version_number,
)

LAMBDA_LIB = "/var/task/lib"
LAMBDA_UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Function and layers, unpacked. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
LAMBDA_UPLOAD_LIMIT = 50 * 1024 * 1024
"""A zip sent with the API call itself, as Chalice does. Same page."""

MANAGER = ("libodbc.so.2", "libodbcinst.so.2")
MARIADB_PLUGINS = "mariadb-plugins"
OWN_FILE = "odbcinst.ini"
MACHINES = {"x86_64": "i386:x86-64", "arm64": "aarch64"}


class CannotBundle(Exception):
    """The bundle would not work in Lambda, or cannot be made here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A Lambda runtime and the glibc of its operating system."""

    name: str
    system: str
    glibc: str


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("python3.11", "Amazon Linux 2", "2.26"),
        Runtime("python3.12", "Amazon Linux 2023", "2.34"),
        Runtime("python3.13", "Amazon Linux 2023", "2.34"),
    )
}
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html; glibc of AL2 and of AL2023 from their notes."""


@dataclass(frozen=True, slots=True)
class Driver:
    """`section` is the name in odbcinst.ini and in connection strings; `package` is Debian's."""

    section: str
    library: str
    package: str
    plugins: str = ""


DRIVERS: Mapping[str, Driver] = {
    "freetds": Driver("FreeTDS", "libtdsodbc.so", "tdsodbc"),
    "psqlodbc": Driver("PostgreSQL Unicode", "psqlodbcw.so", "odbc-postgresql"),
    "mariadb": Driver("MariaDB Unicode", "libmaodbc.so", "odbc-mariadb", plugins="libmariadb3/plugin"),
    "sqlite": Driver("SQLite3", "libsqlite3odbc.so", "libsqliteodbc"),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A library that asks for more than the runtime's glibc has."""

    library: str
    need: GlibcNeed

    def __str__(self) -> str:
        return f"{self.library} needs {self.need}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes into the bundle: path below lib -> file on this machine."""

    files: Mapping[str, Path]
    drivers: tuple[Driver, ...]

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        return sum(path.stat().st_size for path in self.files.values())

    def zipped_size(self) -> int:
        """Bytes, packed as Chalice packs."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", compression=zipfile.ZIP_DEFLATED) as archive:
            for name, path in self.files.items():
                archive.write(path, name)
        return len(packed.getvalue())


def library_folders() -> tuple[Path, ...]:
    """Where distributions keep libraries and ODBC drivers, the usual places first."""
    roots = [
        *sorted(Path("/usr/lib").glob("*-linux-gnu")),
        Path("/usr/lib64"),
        Path("/usr/lib"),
        Path("/usr/local/lib"),
    ]
    return tuple(folder for root in roots for folder in (root / "odbc", root) if folder.is_dir())


def plan(drivers: Sequence[str], folders: Sequence[Path]) -> Plan:
    """Find the driver manager, the drivers and all that they need. Raises CannotBundle naming what is missing."""
    unknown = sorted(set(drivers) - set(DRIVERS))
    if unknown:
        raise CannotBundle(f"there is no driver {', '.join(unknown)}: known are {', '.join(DRIVERS)}")
    chosen = tuple(DRIVERS[name] for name in dict.fromkeys(drivers))
    entries = {name: _find(name, "unixodbc", folders) for name in MANAGER}
    entries |= {driver.library: _find(driver.library, driver.package, folders) for driver in chosen}
    plugins = [path for driver in chosen for path in _plugins(driver, folders)]
    try:
        files = closure(entries)
        for plugin in plugins:
            files.update(dependencies(plugin))
    except UnreadableLibrary as error:
        raise CannotBundle(str(error)) from error
    files.update({f"{MARIADB_PLUGINS}/{plugin.name}": plugin.resolve() for plugin in plugins})
    return Plan(dict(sorted(files.items())), chosen)


def misfits(files: Mapping[str, Path], glibc: str) -> tuple[Misfit, ...]:
    """What the loader of that glibc would refuse: each library with its highest need. Raises CannotBundle."""
    limit = version_number(glibc)
    found = []
    for name, path in files.items():
        try:
            needs = [need for need in glibc_needs(path) if need.number > limit]
        except UnreadableLibrary as error:
            raise CannotBundle(str(error)) from error
        if needs:
            found.append(Misfit(name, max(needs, key=lambda need: need.number)))
    return tuple(found)


def wrong_machines(files: Mapping[str, Path], machine: str) -> tuple[str, ...]:
    """Libraries built for another processor than `machine` (a key of MACHINES)."""
    return tuple(name for name, path in files.items() if architecture(path) != MACHINES[machine])


def write(bundle: Plan, target: Path, lambda_lib: str = LAMBDA_LIB) -> None:
    """Replace the content of `target` (the future /var/task/lib) by the bundle and its odbcinst.ini."""
    if target.exists() and any(target.iterdir()) and not (target / OWN_FILE).exists():
        raise CannotBundle(f"{target} holds files that this command did not write: move them away first")
    shutil.rmtree(target, ignore_errors=True)
    for name, source in bundle.files.items():
        # Copies under the names that the loader asks for: symbolic links do not survive a zip file.
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, destination)
        destination.chmod(0o755)
    (target / OWN_FILE).write_text(odbcinst(bundle.drivers, lambda_lib), encoding="ascii")


def odbcinst(drivers: Sequence[Driver], lambda_lib: str = LAMBDA_LIB) -> str:
    """The driver manager's list of drivers, with their places as in Lambda."""
    return "\n".join(f"[{d.section}]\nDriver = {lambda_lib}/{d.library}\nUsageCount = 1\n" for d in drivers)


def environment(drivers: Sequence[Driver], lambda_lib: str = LAMBDA_LIB) -> dict[str, str]:
    """Environment variables of a function that uses the bundle."""
    variables = {"ODBCSYSINI": lambda_lib}
    if any(driver.plugins for driver in drivers):
        variables["MARIADB_PLUGIN_DIR"] = f"{lambda_lib}/{MARIADB_PLUGINS}"
    return variables


def _find(library: str, package: str, folders: Sequence[Path]) -> Path:
    for folder in folders:
        if (folder / library).is_file():
            return folder / library
    raise CannotBundle(f"{library} is not installed here: apt-get install {package} (or name its folder with --search)")


def _plugins(driver: Driver, folders: Sequence[Path]) -> list[Path]:
    """Authentication plug-ins that the client library loads by itself; MySQL 8 accounts need caching_sha2_password."""
    return [path for folder in folders if driver.plugins for path in sorted((folder / driver.plugins).glob("*.so"))]
