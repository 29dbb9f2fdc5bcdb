"""ERPs that the poller was not designed around are connected by a source file alone: Odoo and JD Edwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from poller.database.connection import connect
from poller.source.file import load_source
from tests.support.databases import SERVERS, Server
from tests.support.poller.erp import PollerBench

pytestmark = pytest.mark.odbc

DOCS = Path(__file__).resolve().parents[2] / "docs" / "sources"

ODOO = """
CREATE TABLE res_country (id int, code varchar); CREATE TABLE res_currency (id int, name varchar);
CREATE TABLE res_partner (id int, ref varchar, name varchar, street varchar, street2 varchar, city varchar, zip varchar,
  country_id int);
CREATE TABLE account_payment_term (id int, name jsonb); CREATE TABLE account_tax (id int, amount numeric(16,4));
CREATE TABLE product_product (id int, default_code varchar);
CREATE TABLE sale_order (id int PRIMARY KEY, name varchar, write_date timestamp, date_order timestamp, partner_id int,
  partner_shipping_id int, payment_term_id int, currency_id int, amount_total numeric, state varchar,
  client_order_ref varchar);
CREATE TABLE sale_order_line (id int, order_id int, sequence int, product_id int, product_uom_qty numeric,
  price_unit numeric, display_type varchar);
CREATE TABLE account_tax_sale_order_line_rel (sale_order_line_id int, account_tax_id int);
INSERT INTO res_country VALUES (57, 'DE'); INSERT INTO res_currency VALUES (1, 'EUR');
INSERT INTO res_partner VALUES (7, 'C-1001', 'Nordlicht', NULL, NULL, NULL, NULL, 57),
  (8, NULL, 'Lager Süd', 'Hafenstr. 12', 'Tor 3', 'Hamburg', '20457', 57);
INSERT INTO product_product VALUES (3, 'WIDGET-1'); INSERT INTO account_tax VALUES (1, 19.0000);
INSERT INTO sale_order VALUES (42, 'S00042', '2026-11-20 10:00:00.123456', '2026-11-20 09:59:00', 7, 8, NULL, 1, 29.75,
  'sale', NULL), (43, 'S00043', '2026-11-20 10:00:00.123456', '2026-11-20 09:59:00', 7, 8, NULL, 1, 0, 'draft', NULL);
INSERT INTO sale_order_line VALUES (1, 42, 10, NULL, 0, 0, 'line_section'), (2, 42, 20, 3, 2.0, 12.50, NULL);
INSERT INTO account_tax_sale_order_line_rel VALUES (2, 1)
"""

JDE = """
CREATE TABLE F4201 (SHKCOO char(5), SHDOCO decimal(8,0), SHDCTO char(2), SHTRDJ decimal(6,0), SHAN8 decimal(8,0),
  SHSHAN decimal(8,0), SHCRCD char(3), SHRYIN char(1), SHUPMJ decimal(6,0), SHTDAY decimal(6,0), SHHOLD char(2),
  SHVR02 char(25), PRIMARY KEY (SHKCOO, SHDOCO, SHDCTO));
CREATE TABLE F4211 (SDKCOO char(5), SDDOCO decimal(8,0), SDDCTO char(2), SDLNID decimal(6,0), SDLNTY char(2),
  SDLITM char(25), SDUORG decimal(15,0), SDSOCN decimal(15,0), SDUPRC decimal(15,0), SDTXA1 char(10));
CREATE TABLE F0116 (ALAN8 decimal(8,0), ALADD1 char(40), ALADD2 char(40), ALCTY1 char(25), ALADDZ char(12),
  ALCTR char(3));
CREATE TABLE F0111 (WWAN8 decimal(8,0), WWIDLN decimal(5,0), WWMLNM char(40));
INSERT INTO F0116 VALUES (4343, 'Hafenstr. 12', '', 'Hamburg', '20457', 'DE');
INSERT INTO F0111 VALUES (4343, 0, 'Nordlicht');
INSERT INTO F4201 VALUES ('00001', 1, 'SO', 126324, 4242, 4343, 'EUR', 'T', 126324, 91500, '  ', ''),
  ('00001', 2, 'SO', 126324, 4242, 4343, 'EUR', 'T', 126324, 91500, '  ', ''),
  ('00001', 3, 'SO', 126324, 4242, 4343, 'EUR', 'T', 126324, 91500, 'C1', ''),
  ('00002', 1, 'S4', 126324, 4242, 4343, 'EUR', 'T', 126324, 91500, '  ', '');
INSERT INTO F4211 SELECT SHKCOO, SHDOCO, SHDCTO, 1000, 'S ', 'WIDGET-1', 2, 0, 125000, 'DE19' FROM F4201
"""


def prepared(dialect: str, script: str, source: str, prefix: str) -> tuple[Server, PollerBench]:
    """A database with the ERP's tables, and a poller for the source file as it stands in the docs."""
    server = SERVERS[dialect]()
    name = f"erp_{prefix.lower()}"
    server.script(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    fields = dict(part.split("=", 1) for part in server.odbc.split(";"))
    own = Server(dialect, server.odbc.replace(f"Database={fields['Database']}", f"Database={name}"), server.port)
    own.script(*script.split(";"))
    environ = {
        f"{prefix}_HOST": "127.0.0.1",
        f"{prefix}_PORT": str(server.port),
        f"{prefix}_DATABASE": name,
        f"{prefix}_USER": fields["UID"],
        f"{prefix}_PASSWORD": "",
    }
    poller = PollerBench(load_source(DOCS / source))
    object.__setattr__(poller.services, "connect", lambda found: connect(found, environ))
    return own, poller


def test_odoo() -> None:
    _, poller = prepared("postgresql", ODOO, "odoo.toml", "ODOO")
    counts = poller.poll().counts
    assert (counts.accepted, counts.quarantined) == (1, 0), poller.findings.quarantined("odoo", 3)
    (found,) = (poller.order_of(known).content for known in poller.events.order_ids())
    assert (found.external_id, found.customer_id, found.total.amount) == ("S00042", "C-1001", "29.75")
    assert found.ordered_at.isoformat() == "2026-11-20T09:59:00+00:00"
    assert (found.ship_to.name, found.ship_to.address) == ("Lager Süd", "Hafenstr. 12, Tor 3")
    assert [(line.sku, line.quantity, str(line.tax_rate)) for line in found.lines] == [("WIDGET-1", 2, "0.19")]
    poller.close()


def test_jd_edwards() -> None:
    own, poller = prepared("mariadb", JDE, "jdedwards.toml", "JDE")
    report = poller.poll()
    assert (report.counts.accepted, report.counts.quarantined) == (3, 0), report
    found = {order.content.external_id: order.content for order in map(poller.order_of, poller.events.order_ids())}
    assert sorted(found) == ["00001-SO-1", "00001-SO-2", "00002-S4-1"]
    one = found["00001-SO-1"]
    assert (one.ordered_at.isoformat(), one.customer_id) == ("2026-11-20T06:00:00+00:00", "00004242")
    assert (one.total.amount, str(one.lines[0].unit_price), one.lines[0].line) == ("29.75", "12.5", 1000)
    assert poller.poll().counts.read == 0, "settled: the watermark stands on the last row"
    own.script("UPDATE F4201 SET SHHOLD = '  ', SHUPMJ = 126327 WHERE SHDOCO = 3")
    assert poller.poll().counts.accepted == 1
    parameters = poller.loaded.source.write_back.parameters_of("00001-SO-1")
    assert parameters == {"external_id": "00001-SO-1", "company": "00001", "kind": "SO", "number": "1"}
    poller.close()
