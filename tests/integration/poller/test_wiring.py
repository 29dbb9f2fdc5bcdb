"""The poller wired as in production: state and orders in DynamoDB (moto), the ERP in SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chalicelib.adapters.memory import MemoryWorkflowEngine
from chalicelib.domain.order import order_id
from chalicelib.wiring.application import Application
from poller.polling.poll import poll_source
from poller.wiring import SOURCES_VARIABLE, configured_sources, services_of
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.poller.erp import SqliteErp, source_text

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
