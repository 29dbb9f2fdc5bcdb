"""Dolibarr on a real MariaDB, connected by its source file alone: discovered, checked, polled, reconciled, answered."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.acknowledgements.outbox import listener
from chalicelib.adapters.dynamodb.events.first_events import LoadedFirstEvents
from chalicelib.adapters.memory import MemoryProjection
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.events import Event, OrderCancelled, OrderConfirmed
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import OrderRow
from poller.__main__ import parser
from poller.commands.context import CommandContext, Context
from poller.database.connection import ErpConnection, connect
from poller.database.secrets import no_secrets
from poller.source.file import load_source
from poller.source.model import Source
from poller.write_back.after_poll import Answers
from poller.write_back.outbox import Drained
from tests.support.databases import Server, mariadb
from tests.support.poller.erp import PollerBench

pytestmark = pytest.mark.odbc

FILE = Path(__file__).resolve().parents[2] / "docs" / "sources" / "dolibarr.toml"

DOLIBARR = """
CREATE TABLE llx_c_country (rowid int PRIMARY KEY, code varchar(2), label varchar(50));
CREATE TABLE llx_c_paiement (id int PRIMARY KEY, code varchar(6));
CREATE TABLE llx_societe (rowid int PRIMARY KEY, nom varchar(128), code_client varchar(24), address varchar(255),
  zip varchar(25), town varchar(50), fk_pays int) CHARACTER SET utf8mb4;
CREATE TABLE llx_product (rowid int PRIMARY KEY, ref varchar(128), label varchar(255));
CREATE TABLE llx_commande (rowid int PRIMARY KEY AUTO_INCREMENT, ref varchar(30), fk_soc int, date_commande date,
  tms timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(), fk_statut smallint,
  fk_mode_reglement int, total_ht double(24,8), total_ttc double(24,8), multicurrency_code varchar(3),
  KEY (tms, rowid));
CREATE TABLE llx_commandedet (rowid int PRIMARY KEY AUTO_INCREMENT, fk_commande int, fk_product int, qty double,
  subprice double(24,8), remise_percent double, tva_tx double(7,4), rang int, KEY (fk_commande));
CREATE TABLE llx_commande_extrafields (rowid int PRIMARY KEY AUTO_INCREMENT, fk_object int UNIQUE,
  ob_status varchar(20), ob_reason varchar(80), ob_order_id char(26));
CREATE TABLE llx_facture (rowid int PRIMARY KEY, ref varchar(30), total_ttc double(24,8));
INSERT INTO llx_c_country VALUES (1, 'FR', 'France');
INSERT INTO llx_c_paiement VALUES (2, 'VIR');
INSERT INTO llx_societe VALUES
  (5, 'Société Générale du Nord', 'CU2401-00001', '12 rue de la Gare', '59000', 'Lille', 1);
INSERT INTO llx_product VALUES (1, 'WIDGET-1', 'Widget'), (2, 'GADGET-7', 'Gadget');
INSERT INTO llx_commande (ref, fk_soc, date_commande, fk_statut, fk_mode_reglement, total_ht, total_ttc) VALUES
  ('CO2611-0001', 5, '2026-11-20', 1, 2, 115.25, 138.3), ('CO2611-0002', 5, '2026-11-21', 1, NULL, 12.5, 15),
  ('(PROV3)', 5, '2026-11-21', 0, NULL, 12.5, 15);
INSERT INTO llx_commandedet (fk_commande, fk_product, qty, subprice, remise_percent, tva_tx, rang) VALUES
  (1, 1, 2, 12.5, 5, 20, 1), (1, 2, 1, 91.5, 0, 20, 2), (2, 1, 1, 12.5, 0, 20, 1), (3, 1, 1, 12.5, 0, 20, 1)
"""


class Dolibarr:
    """The database, a poller over memory, and the commands for it."""

    def __init__(self) -> None:
        server = mariadb()
        server.script("DROP DATABASE IF EXISTS dolibarr", "CREATE DATABASE dolibarr")
        fields = dict(part.split("=", 1) for part in server.odbc.split(";"))
        odbc = server.odbc.replace(f"Database={fields['Database']}", "Database=dolibarr")
        self.server = Server(server.dialect, odbc, server.port)
        self.server.script(*DOLIBARR.split(";"))
        self.environ = {
            "DOLIBARR_HOST": "127.0.0.1",
            "DOLIBARR_PORT": str(server.port),
            "DOLIBARR_DATABASE": "dolibarr",
            "DOLIBARR_USER": fields["UID"],
            "DOLIBARR_PASSWORD": "",
        }
        self.poller = PollerBench(load_source(FILE))
        object.__setattr__(self.poller.services, "connect", lambda source: connect(source, self.environ))
        self.outbox, self.projection = MemoryOutbox(), MemoryProjection()
        self.repository = OrderRepository(self.poller.events, self.poller.clock, self.poller.ids, "WriteBack")
        stores = (self.outbox, self.repository, self.poller.clock, self.poller.ids, self.poller.watermarks)
        self.answers = Answers(*stores, logging.getLogger("test.poller"), self.writable)

    def writable(self, source: Source) -> ErpConnection:
        return connect(source, self.environ, writable=True)

    def command(self, *arguments: str) -> tuple[int, str]:
        options = parser().parse_args(arguments)
        out = io.StringIO()
        first = LoadedFirstEvents(self.poller.events)
        stores = CommandContext(self.poller.services, self.outbox, self.repository, self.projection, first)
        context = Context(lambda: stores, self.environ, no_secrets, lambda: datetime.now(UTC), out, lambda _: "")
        return int(options.run(options, context)), out.getvalue()

    def append(self, external_id: str, *events: Event) -> None:
        """What the workflow decides, and the stream delivers."""
        listen = listener(self.outbox)
        for key in self.poller.events.order_ids():
            order = self.repository.load(key)
            if order.content.external_id == external_id:
                for event in events:
                    order = self.repository.append(order, event)
                for recorded in self.poller.events.load(key):
                    listen(recorded, order)
            self.projection.put(OrderRow.of(order))

    def fields(self) -> list[tuple[object, ...]]:
        sql = (
            "SELECT c.ref, e.ob_status, e.ob_reason FROM llx_commande_extrafields e"
            " JOIN llx_commande c ON c.rowid = e.fk_object ORDER BY c.ref"
        )
        connection = self.server.connect()
        try:
            return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]
        finally:
            connection.close()


@pytest.fixture
def dolibarr() -> Iterator[Dolibarr]:
    erp = Dolibarr()
    yield erp
    erp.poller.close()


def test_check_finds_no_problem_and_discover_finds_the_tables(dolibarr: Dolibarr) -> None:
    code, text = dolibarr.command("check", str(FILE))
    assert code == 0, text
    assert "order CO2611-0001 of 2026-11-19 23:00:00 UTC: 2 lines, 138.30 EUR" in text
    assert "write_back.confirmed: runs, and changes nothing for an unknown order" in text
    code, text = dolibarr.command("discover", dolibarr.server.odbc, "--name", "dolibarr-new")
    assert code == 0
    assert "# llx_commande with lines in llx_commandedet" in text
    assert 'column = "tms"' in text
    assert 'key = ["fk_commande"]' in text
    assert 'quantity = "qty"' in text


def test_orders_are_accepted_reconciled_and_answered(dolibarr: Dolibarr) -> None:
    counts = dolibarr.poller.poll().counts
    assert (counts.accepted, counts.quarantined) == (2, 0), dolibarr.poller.findings.quarantined("dolibarr", 3)
    contents = [dolibarr.repository.load(key).content for key in dolibarr.poller.events.order_ids()]
    first = next(content for content in contents if content.external_id == "CO2611-0001")
    assert (first.ship_to.name, first.ship_to.country) == ("Société Générale du Nord", "FR")
    assert [(x.sku, x.quantity, str(x.unit_price)) for x in first.lines] == [
        ("WIDGET-1", 2, "11.875"),
        ("GADGET-7", 1, "91.5"),
    ]
    assert first.total in first.possible_totals()
    dolibarr.append("CO2611-0001", OrderConfirmed("C-17"))
    dolibarr.append("CO2611-0002")
    code, text = dolibarr.command("reconcile", str(FILE), "--from", "2026-11-01", "--to", "2026-12-01")
    assert (code, text) == (0, "2 orders in the ERP, 2 here: both sides agree\n")
    assert dolibarr.answers(dolibarr.poller.loaded, lambda: 60_000) == Drained(told=3)
    assert dolibarr.fields() == [("CO2611-0001", "confirmed", "C-17"), ("CO2611-0002", "received", None)]
    assert dolibarr.poller.poll().counts.changed == 0
    assert dolibarr.answers(dolibarr.poller.loaded, lambda: 60_000) is None, "nothing waits: no connection is opened"


def test_what_a_real_database_refuses_is_parked_and_what_it_lacks_stops(dolibarr: Dolibarr) -> None:
    dolibarr.poller.poll()
    dolibarr.append("CO2611-0001", OrderCancelled("ops", "x" * 200))  # the source file forgot LEFT() there
    dolibarr.append("CO2611-0002", OrderConfirmed("C-2"))
    assert dolibarr.answers(dolibarr.poller.loaded, lambda: 60_000) == Drained(told=3, parked=1)
    ((entry, problem),) = dolibarr.outbox.parked("dolibarr", 9)
    assert (entry.external_id, entry.kind) == ("CO2611-0001", "cancelled")
    assert problem == "the ERP refuses the values: SQLSTATE 22001"
    dolibarr.outbox.unpark(entry)
    dolibarr.server.script("DROP TABLE llx_commande_extrafields")
    assert dolibarr.answers(dolibarr.poller.loaded, lambda: 60_000) is None
    assert len(dolibarr.outbox.pending("dolibarr", 9)) == 1
