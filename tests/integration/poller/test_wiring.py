"""The poller wired as in production: state and orders in DynamoDB (moto), the ERP in SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from chalicelib.adapters.memory import MemoryWorkflowEngine
from chalicelib.domain.order import order_id
from chalicelib.wiring.application import Application
from poller.polling.poll import poll_source
from poller.wiring import SOURCES_VARIABLE, configured_sources, services_of
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.poller.erp import SqliteErp, source_text
from tests.support.repository import ROOT

CURSOR = 'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"'


def test_orders_findings_and_watermark_end_up_in_dynamodb(tmp_path: Path) -> None:
    erp = SqliteErp(tmp_path / "erp.db")
    for number in range(1, 4):
        erp.add(number)
    erp.add(4, customer=None)
    (tmp_path / "erp.toml").write_text(source_text('sqlite = "${env:ERP_FILE}"', CURSOR))
    environ = {"ERP_FILE": str(erp.path), SOURCES_VARIABLE: str(tmp_path)}
    with moto_dynamodb() as client:

        def make_client(service: str, region: str, attempts: int) -> Any:
            assert service == "dynamodb"
            return client

        app = Application(SETTINGS, make_client)
        app.__dict__["workflow"] = MemoryWorkflowEngine()
        (loaded,) = configured_sources(environ)
        services = services_of(app, environ)
        report = poll_source(loaded, services)
        assert (report.counts.accepted, report.counts.quarantined) == (3, 1), report
        assert app.events.load(order_id("erp", "1"))
        again = poll_source(loaded, services_of(app, environ))
        assert (again.outcome, again.counts.accepted, again.counts.read) == ("finished", 0, 0)
        assert [entry.key for entry in services.findings.quarantined("erp", 5)] == ["[4]"]
        assert len(services.watermarks.history("erp", 9)) == 2
    erp.db.close()


SCHEDULED = """
from types import SimpleNamespace
from tests.support.aws import moto_dynamodb

with moto_dynamodb():
    from poller.lambda_handler import poll_erp

    arn = "arn:aws:lambda:eu-central-1:123456789012:function:orderbridge-test-poll_erp"
    poll_erp(SimpleNamespace(
        aws_request_id="r-1", invoked_function_arn=arn, get_remaining_time_in_millis=lambda: 60_000
    ))
"""
"""The scheduled function in a process of its own: it wires the application once a process."""


def test_the_scheduled_function_logs_each_poll_once(tmp_path: Path) -> None:
    SqliteErp(tmp_path / "erp.db").db.close()
    (tmp_path / "erp.toml").write_text(source_text('sqlite = "${env:ERP_FILE}"', CURSOR))
    environ = {
        **os.environ,
        "ERP_FILE": str(tmp_path / "erp.db"),
        SOURCES_VARIABLE: str(tmp_path),
        "ORDERBRIDGE_STAGE": SETTINGS.stage,
        "AWS_REGION": SETTINGS.region,
    }
    done = subprocess.run([sys.executable, "-c", SCHEDULED], env=environ, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    polls = [line for line in lines if "outcome" in line]
    assert [(line["message"], line["outcome"], line["request_id"]) for line in polls] == [("polled", "finished", "r-1")]
