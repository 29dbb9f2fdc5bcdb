"""The bundle for Lambda talks to a real PostgreSQL and a real MariaDB, with nothing else on the loader's path."""

from __future__ import annotations

from pathlib import Path

import pytest

from poller.packaging.odbc_bundle import DRIVERS, library_folders, plan, write
from tests.support.databases import SERVERS
from tests.unit.poller.test_odbc_bundle import load_from

pytestmark = pytest.mark.odbc


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_query_through_the_bundled_driver(dialect: str, tmp_path: Path) -> None:
    bundle = tmp_path / "lib"
    write(plan(list(DRIVERS), library_folders()), bundle, lambda_lib=str(bundle))
    server = SERVERS[dialect]()
    results, mapped = load_from(bundle, server.odbc)
    assert results == {server.odbc: "42"}
    client = "libpq.so.5" if dialect == "postgresql" else "libmariadb.so.3"
    assert str(bundle / client) in mapped
