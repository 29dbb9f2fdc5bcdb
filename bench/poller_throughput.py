"""Rows per second of the poller up to accept(), beside a bare pyodbc loop and dlt's sql_database, on the same tables.

`python -m bench.poller_throughput` starts PostgreSQL, fills it, runs every contestant in its own process, in turns,
and prints medians, ratios and peak memory. dlt gets a virtual environment of its own under .local/.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

from bench.storm_plan import REPOSITORY, Plan, source_file
from tests.support.databases import Server, postgresql

DLT = ("dlt[sql-database]==1.31.0", "sqlalchemy==2.0.44", "psycopg2-binary==2.9.13")
LINES_PER_ORDER = 2
PAGE_ROWS = 2000


def fill(server: Server, orders: int, fillers: int = 0) -> None:
    """Orders of two lines each, two hours old. `fillers`: further columns per table, as ERP tables have them."""
    more = "".join(f", filler_{n} varchar(30) NOT NULL DEFAULT 'value of column {n}'" for n in range(fillers))
    server.script(
        "DROP TABLE IF EXISTS orders",
        "DROP TABLE IF EXISTS lines",
        "CREATE TABLE orders (id bigint PRIMARY KEY, changed_at timestamp NOT NULL, customer varchar(20) NOT NULL"
        f"{more})",
        f"CREATE TABLE lines (id bigint, pos int, item text, qty int, price numeric(12,2){more},"
        " PRIMARY KEY (id, pos))",
        "INSERT INTO orders SELECT n, now() AT TIME ZONE 'UTC' - interval '2 hours' + n * interval '1 ms',"
        f" 'C-' || n % 1000 FROM generate_series(1, {orders}) n",
        f"INSERT INTO lines SELECT n, p, 'W-' || n % 97, 1 + n % 9, 12.50 FROM generate_series(1, {orders}) n,"
        f" generate_series(1, {LINES_PER_ORDER}) p",
        "CREATE INDEX ON orders (changed_at, id)",
        "ANALYZE",
    )


def bare(odbc: str) -> int:
    """The least that a reader can do: fetch every row of both tables."""
    import pyodbc

    connection = pyodbc.connect(odbc)
    rows = 0
    for sql in ("SELECT * FROM orders", "SELECT * FROM lines"):
        cursor = connection.cursor().execute(sql)
        while page := cursor.fetchmany(PAGE_ROWS):
            rows += len(page)
    return rows


def poller(odbc: str) -> int:
    """A whole poll: pages, lines, mapping, form check, accept() of a sink, watermarks in memory."""
    from chalicelib.adapters.system import SystemClock, SystemIds
    from chalicelib.domain.order import OrderContent
    from chalicelib.domain.state import Status
    from chalicelib.orders.accept import Accepted
    from chalicelib.orders.again import ASKED, Terms
    from poller.database.connection import connect
    from poller.polling.poll import poll_source
    from poller.polling.services import PollServices
    from poller.source.file import parse_source
    from poller.state.memory import MemoryFindings, MemorySnapshots, MemoryWatermarks

    class Sink:
        def accept(
            self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
        ) -> Accepted:
            return Accepted(content.external_id, Status.RECEIVED, correlation_id, replayed=False, started=True)

    cursor = 'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"\noverlap_s = 300\nhold_s = 0'
    plan = Plan("postgresql", page_rows=PAGE_ROWS)
    text = source_file(plan, "bench", cursor, odbc).replace("lease_s = 3", "lease_s = 900\ntime_budget_s = 3600")
    marks = MemoryWatermarks()
    services = PollServices(
        Sink(), marks, MemoryFindings(), MemorySnapshots(marks), SystemClock(), SystemIds(), logging.getLogger("bench"),
        connect, connect,
    )  # fmt: skip
    report = poll_source(parse_source(text), services)
    assert report.outcome == "finished", report
    return report.counts.accepted * (1 + LINES_PER_ORDER)


DLT_SCRIPT = """
import json, resource, sys, tempfile, time
import dlt
from dlt.sources.sql_database import sql_database
began = time.perf_counter()
source = sql_database(sys.argv[2], table_names=["orders", "lines"], chunk_size=int(sys.argv[3]), backend="sqlalchemy")
if sys.argv[1] == "dlt":
    rows = sum(1 for found in source.resources.values() for _ in found)
else:
    with tempfile.TemporaryDirectory() as folder:
        target = dlt.destinations.filesystem(bucket_url="file://" + folder + "/out")
        pipeline = dlt.pipeline("bench", pipelines_dir=folder + "/pipelines", destination=target, dataset_name="erp")
        pipeline.run(source)
        counts = pipeline.last_trace.last_normalize_info.row_counts
        rows = counts["orders"] + counts["lines"]
seconds = time.perf_counter() - began
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_mb}))
"""
"""`dlt` only takes the rows out of the source, as dictionaries; `dlt-run` also types them and writes local files."""


def run_child(kind: str, server: Server) -> dict[str, Any]:
    """One run in a fresh process: rows, seconds, peak memory in MB."""
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    command = [sys.executable, "-m", "bench.poller_throughput", "--child", kind, server.odbc]
    if kind.startswith("dlt"):
        url = f"postgresql+psycopg2://erp@127.0.0.1:{server.port}/postgres"
        command = [str(dlt_python()), "-c", DLT_SCRIPT, kind, url, str(PAGE_ROWS)]
    done = subprocess.run(command, env=environ, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{kind} failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def dlt_python() -> Path:
    """The Python of dlt's own environment, made when first needed."""
    folder = REPOSITORY / ".local" / "bench-dlt"
    python, installed = folder / "bin" / "python", folder / "installed.txt"
    if not installed.exists() or installed.read_text() != " ".join(DLT):
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *DLT], check=True)
        installed.write_text(" ".join(DLT))
    return python


def child(kind: str, odbc: str) -> None:
    run = {"bare": bare, "poller": poller}[kind]
    began = time.perf_counter()
    rows = run(odbc)
    seconds = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_mb}))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", nargs=2, metavar=("KIND", "ODBC"))
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--fillers", type=int, default=0, help="further columns per table that no order needs")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--without-dlt", action="store_true")
    parser.add_argument("--memory", action="store_true", help="peak memory for 10,000 and 1,000,000 rows")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if options.child:
        child(*options.child)
        return 0
    server = postgresql()
    result = memory(server) if options.memory else throughput(server, options)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


def throughput(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """The contestants in turns, so that whatever disturbs the machine disturbs them all."""
    fill(server, options.orders, options.fillers)
    kinds = ["bare", "poller"] + ([] if options.without_dlt else ["dlt", "dlt-run"])
    if "dlt" in kinds:
        dlt_python()
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(options.runs):
        for kind in kinds:
            run = run_child(kind, server)
            assert run["rows"] == options.orders * (1 + LINES_PER_ORDER), f"{kind} read {run['rows']} rows"
            rates[kind].append(run["rows"] / run["seconds"])
    medians = {kind: statistics.median(found) for kind, found in rates.items()}
    for kind, rate in medians.items():
        print(f"{kind:7} {rate:10,.0f} rows/s   {rate / medians['bare']:5.2f} of bare")
    return {"rows_per_second": medians, "orders": options.orders, "fillers": options.fillers, "runs": rates}


def memory(server: Server) -> dict[str, Any]:
    """Peak resident memory of the poller for a small and a large table."""
    found = {}
    for rows in (10_000, 1_000_000):
        fill(server, rows // (1 + LINES_PER_ORDER))
        run = run_child("poller", server)
        found[rows] = run["peak_mb"]
        print(f"{run['rows']:9,} rows: {run['peak_mb']:.1f} MB peak, {run['rows'] / run['seconds']:,.0f} rows/s")
    return {"peak_mb": found}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
