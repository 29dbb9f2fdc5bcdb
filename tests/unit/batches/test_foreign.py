"""Files that are none of ours are refused by their name, with what to send instead; ours are never taken for one."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import BatchState
from chalicelib.batches.parsing.csv_mapping import CANONICAL
from chalicelib.batches.parsing.file import fingerprint
from tests.support.bulk import BulkBench, order


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_x", "."), data)
    return made.getvalue()


X12 = b"ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER         *261123*1015*U*00401*000000001*0*P*>~"
UNB = b"UNB+UNOC:3+BUYER:14+SELLER:14+261123:1015+1'UNH+1+ORDERS:D:96A:UN'"
CXML = b'<?xml version="1.0"?>\n<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.014/cXML.dtd">\n<cXML>'
UBL = b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"><ID>1</ID></Order>'
FILES = {
    "X12": (X12, "an X12 interchange.*converted to JSON or CSV"),
    "X12, other separator": (X12.replace(b"*", b"|"), "an X12 interchange"),
    "EDIFACT": (UNB, "an EDIFACT interchange"),
    "EDIFACT with UNA": (b"UNA:+.? '\r\n" + UNB, "an EDIFACT interchange"),
    "cXML": (CXML, "a cXML document"),
    "UBL": (UBL, "a UBL document"),
    "UBL with a mark": (b"\xef\xbb\xbf" + b'<?xml version="1.0"?>' + UBL, "a UBL document"),
    "UBL in UTF-16": (("\ufeff" + UBL.decode()).encode("utf-16-le"), "a UBL document"),
    "UBL, gzip": (gzip.compress(UBL), "a UBL document"),
    "other XML": (b"\n <orders><order>1</order></orders>", "an XML document"),
    "IDoc, flat": (b"EDI_DC40  1000000000000012345 7", "an SAP IDoc in flat form"),
    "IDoc, XML": (b'<?xml version="1.0"?><ORDERS05><IDOC BEGIN="1"><EDI_DC40>', "an SAP IDoc in XML"),
    "ZIP": (zipped(orders_xcsv=b"a,b\n"), "a ZIP archive: unpack it"),
    "XLSX": (zipped(xl__workbook_xxml=b"<workbook/>"), r"an Excel workbook \(XLSX\): save it as CSV"),
    "ODS": (
        zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
        "an OpenDocument spreadsheet.*save it as CSV",
    ),
    "XLS": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, "an old Excel workbook: save it as CSV"),
    "HTML called XLS": (b"<html><body><table><tr><td>Order</td>", "an HTML page.*save it as CSV"),
    "table called XLS": (b'<table border="1"><tr><td>Order</td></tr></table>', "an HTML page"),
    "XML of Excel 2003": (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        r"an Excel workbook \(XML 2003\): save it as CSV",
    ),
    "PDF": (b"%PDF-1.7\n", "a PDF document"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c\0\4", "compressed with 7-Zip: use gzip"),
}


@pytest.mark.parametrize(("data", "said"), FILES.values(), ids=list(FILES))
def test_a_foreign_file_is_refused_by_its_name(data: bytes, said: str) -> None:
    with pytest.raises(BrokenFile, match=f"the file is {said}.*expected is JSONL, JSON or CSV"):
        fingerprint([data])


@pytest.mark.parametrize(
    "data",
    [
        b"ISA;UNB;EDI_DC40\n1;2;3\n",
        b"UNA;UNB\n1;2\n",
        b"<TICKER>,<PER>\nA,B\n",
        b"<id>;<name>\n1;a\n",
        b"PK;NAME\n1;a\n",
        b'{"note": "<?xml version=\'1.0\'?>"}\n',
        b"a < b;c\n1;2\n",
    ],
)
def test_a_text_that_only_names_one_is_none(data: bytes) -> None:
    assert fingerprint([data]).content_bytes == len(data)


ORDERS = [order(1), order(2)]
LINES = "".join(json.dumps(each) + "\n" for each in ORDERS).encode()
HEADER = ",".join(column.replace(".", "_") for column in ("external_id", "ordered_at", "customer_id"))


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("csv", LINES, "it looks like JSON Lines, whose format is jsonl"),
        ("csv", json.dumps(ORDERS).encode(), "it looks like a JSON array, whose format is json"),
        ("csv", json.dumps(ORDERS, indent=1).encode(), "it looks like a JSON array, whose format is json"),
        ("jsonl", json.dumps(ORDERS).encode(), "it looks like a JSON array, whose format is json"),
        ("jsonl", json.dumps(ORDERS, indent=1).encode(), "it looks like a JSON array, whose format is json"),
        ("jsonl", json.dumps(ORDERS[0], indent=1).encode(), "each order on a line of its own"),
        ("jsonl", f"{HEADER}\n1,2,3\n".encode(), "it looks like CSV, whose format is csv"),
        ("jsonl", f"{HEADER}\n1,2,3\n".replace(",", ";").encode(), "it looks like CSV, whose format is csv"),
        ("json", f"{HEADER}\n1,2,3\n".encode(), "it looks like CSV, whose format is csv"),
        ("json", LINES, "for an order a line use JSONL"),
    ],
)
def test_one_of_our_formats_under_the_name_of_another_is_told(kind: str, data: bytes, said: str) -> None:
    bench = BulkBench()
    bench.mappings.texts["sap-emea", "default"] = CANONICAL
    batch = bench.split(bench.started(data, kind))
    assert batch.state is BatchState.REFUSED
    assert said in batch.problem


def test_a_foreign_file_is_refused_before_there_is_a_batch() -> None:
    upload = BulkBench().upload(FILES["cXML"][0], "jsonl")
    assert not upload.batch_id
    assert "a cXML document" in upload.problem
