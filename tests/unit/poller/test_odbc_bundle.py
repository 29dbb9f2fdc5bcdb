"""The ODBC bundle for Lambda: complete, refused where it would not load, and loaded with a clean loader path."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from poller.commands import bundle_odbc
from poller.packaging.elf import GlibcNeed, glibc_needs, is_glibc, needs_in
from poller.packaging.odbc_bundle import (
    DRIVERS,
    CannotBundle,
    Plan,
    environment,
    library_folders,
    misfits,
    plan,
    write,
    wrong_machines,
)

pytestmark = pytest.mark.odbc

CHILD = """
import json, pyodbc, sys
results = {}
for text in sys.argv[1:]:
    try:
        connection = pyodbc.connect(text, timeout=3)
        results[text] = "".join(str(connection.execute("SELECT 40 + 2").fetchval()))
        connection.close()
    except pyodbc.Error as error:
        results[text] = error.args[0]
mapped = sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line})
print(json.dumps({"results": results, "mapped": mapped}))
"""
"""Connects with each connection string; reports answers (or SQLSTATEs) and which libraries the loader took."""

SYMBOLS = """
0000000000000000      DF *UND*\t0000000000000000 (GLIBC_2.2.5) getenv
0000000000000000  w   DF *UND*\t0000000000000000  GLIBC_2.34  pthread_create
0000000000000000      DF *UND*\t0000000000000000  Base        PQfmod
0000000000000000      DO *UND*\t0000000000000000 (GLIBC_PRIVATE) _dl_argv
0000000000012340 g    DF .text\t0000000000000010  Base        SQLConnect
"""
HEADERS = """
Version References:
  required from libc.so.6:
    0x069691b4 0x00 07 GLIBC_2.34
    0x0fd0e42f 0x00 03 GLIBC_ABI_DT_RELR
"""


@pytest.fixture(scope="module")
def everything() -> Plan:
    return plan(list(DRIVERS), library_folders())


@pytest.fixture(scope="module")
def bundle(everything: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle with its drivers' paths where it really lies, since /var/task is Lambda's."""
    folder = tmp_path_factory.mktemp("bundle") / "lib"
    write(everything, folder, lambda_lib=str(folder))
    return folder


def command(*arguments: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    bundle_odbc.add(parser.add_subparsers())
    options = parser.parse_args(["bundle-odbc", *arguments])
    out = io.StringIO()
    return bundle_odbc.run(options, out), out.getvalue()


def load_from(bundle: Path, *connection_strings: str) -> tuple[dict[str, str], list[str]]:
    """Connect in a process whose loader knows only the bundle besides the system's own folders."""
    variables = environment(tuple(DRIVERS.values()), lambda_lib=str(bundle))
    clean = {"LD_LIBRARY_PATH": str(bundle), "PATH": os.defpath, **variables}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *connection_strings], env=clean, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["results"], answer["mapped"]


def test_needs_are_read_from_symbols_and_from_version_references() -> None:
    needs = list(needs_in(SYMBOLS, HEADERS))
    assert needs == [
        GlibcNeed("2.2.5", "getenv"),
        GlibcNeed("2.34", "pthread_create"),
        GlibcNeed("PRIVATE", "_dl_argv"),
        GlibcNeed("ABI_DT_RELR", ""),
    ]
    # No runtime satisfies GLIBC_PRIVATE; relative relocations need the loader of glibc 2.36; 2.4 is older than 2.34.
    assert needs[2].number > (2, 99)
    assert needs[3].number == (2, 36)
    assert GlibcNeed("2.4", "").number < GlibcNeed("2.34", "").number


def test_a_library_newer_than_the_runtime_is_named_with_its_symbol(everything: Plan) -> None:
    libraries = {"libodbc.so.2": everything.files["libodbc.so.2"]}
    highest = max(glibc_needs(libraries["libodbc.so.2"]), key=lambda need: need.number)
    assert misfits(libraries, highest.version) == ()
    (found,) = misfits(libraries, "2.3")
    assert found.library == "libodbc.so.2"
    assert found.need.number == highest.number
    assert found.need.symbol


def test_the_command_refuses_and_writes_nothing_when_the_loader_would_refuse(tmp_path: Path, everything: Plan) -> None:
    too_new = misfits(everything.files, "2.26")
    if not too_new:
        pytest.skip("this machine's libraries fit glibc 2.26: there is nothing to refuse")
    code, text = command("--runtime", "python3.11", "--target", str(tmp_path / "lib"))
    assert code == 1
    assert not (tmp_path / "lib").exists()
    for misfit in too_new:
        if "sqlite" not in misfit.library:
            assert f"{misfit.library} needs GLIBC_{misfit.need.version} ({misfit.need.symbol})" in text
    assert "Amazon Linux 2) has glibc 2.26" in text


def test_the_command_writes_what_it_reports(tmp_path: Path) -> None:
    target = tmp_path / "lib"
    code, text = command("--runtime", "python3.13", "--drivers", "psqlodbc,mariadb", "--target", str(target))
    assert code == 0, text
    names = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert {"libodbc.so.2", "libpq.so.5", "psqlodbcw.so", "libmaodbc.so", "odbcinst.ini"} <= names
    assert "libtdsodbc.so" not in names
    assert not any(is_glibc(name) for name in names)
    assert not any(path.is_symlink() for path in target.rglob("*"))
    assert "Driver = /var/task/lib/psqlodbcw.so" in (target / "odbcinst.ini").read_text()
    assert '"ODBCSYSINI": "/var/task/lib"' in text
    assert "% of the 250 MB" in text
    # Again, with fewer drivers: what is no longer wanted is gone.
    assert command("--runtime", "python3.13", "--drivers", "freetds", "--target", str(target))[0] == 0
    assert not (target / "libmaodbc.so").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, everything: Plan) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(CannotBundle, match="did not write"):
        write(everything, tmp_path)
    assert (tmp_path / "precious").read_text() == "mine"


def test_missing_and_unknown_drivers_are_named(tmp_path: Path) -> None:
    with pytest.raises(CannotBundle, match="no driver oracle"):
        plan(["oracle"], library_folders())
    with pytest.raises(CannotBundle, match="apt-get install"):
        plan(["psqlodbc"], [tmp_path])


def test_another_processor_is_noticed(everything: Plan) -> None:
    wrong = {machine: wrong_machines(everything.files, machine) for machine in ("x86_64", "arm64")}
    assert sorted(map(len, wrong.values())) == [0, len(everything.files)]


def test_every_driver_loads_from_the_bundle_alone(bundle: Path, tmp_path: Path) -> None:
    sqlite = f"Driver=SQLite3;Database={tmp_path / 'x.db'}"
    refused = {  # port 9 of this machine: the driver is loaded and reports that nobody listens
        "FreeTDS": "Driver=FreeTDS;Server=127.0.0.1;Port=9;UID=u;PWD=p;TDS_Version=7.4",
        "PostgreSQL": "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=9;Database=d;UID=u;PWD=p",
        "MariaDB": "Driver=MariaDB Unicode;Server=127.0.0.1;Port=9;Database=d;UID=u;PWD=p",
    }
    results, mapped = load_from(bundle, sqlite, *refused.values())
    assert results.pop(sqlite) == "42"
    # 08xxx: no connection. A driver that cannot be loaded would be 01000 or IM00x.
    assert set(results.values()) <= {"08001", "08S01", "HY000"}, results
    assert {"libtdsodbc.so", "psqlodbcw.so", "libmaodbc.so", "libsqlite3odbc.so"} <= {Path(p).name for p in mapped}
    bundled = {str(path.relative_to(bundle)) for path in bundle.rglob("*.so*")}
    from_elsewhere = [p for p in mapped if Path(p).name in bundled and not p.startswith(str(bundle))]
    assert not from_elsewhere
    ours = tuple(str(Path(folder).resolve()) for folder in (bundle, sys.prefix, sys.base_prefix))
    foreign = [p for p in mapped if not str(Path(p).resolve()).startswith(ours)]  # a linked environment is one, too
    unexpected = [p for p in foreign if not is_glibc(Path(p).name) and not expected_of_the_system(Path(p))]
    assert not unexpected, f"taken from this machine, not from the bundle: {unexpected}"


def expected_of_the_system(library: Path) -> bool:
    """The compiler's runtime, which manylinux wheels (pyodbc's among them) rely on; glibc's character converters."""
    return library.name.startswith(("libstdc++.so.6", "libgcc_s.so.1")) or library.parent.name == "gconv"
