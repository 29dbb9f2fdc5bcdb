"""What a file is that is none of ours, known by how it begins: named, with what to send instead."""

from __future__ import annotations

import re
from itertools import pairwise

LOOKED_AT = 4096
"""Bytes at the beginning."""

_AS_CSV = "save it as CSV"
_BINARY = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", f"an old Excel workbook: {_AS_CSV}"),
    (b"BZh", "compressed with bzip2: use gzip"),
    (b"\xfd7zXZ", "compressed with xz: use gzip"),
    (b"7z\xbc\xaf\x27\x1c", "compressed with 7-Zip: use gzip"),
    (b"Rar!", "compressed with RAR: use gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard: use gzip"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "an SQLite database: connect it with the poller"),
    (b"PAR1", f"a Parquet file: {_AS_CSV}"),
    (b"Obj\x01", f"an Avro file: {_AS_CSV}"),
)
_ZIP = b"PK\x03\x04"
_IN_ZIP = (
    (b"application/vnd.oasis.opendocument.spreadsheet", f"an OpenDocument spreadsheet (ODS): {_AS_CSV}"),
    (b"xl/", f"an Excel workbook (XLSX): {_AS_CSV}"),
    (b"word/", "a Word document"),
)
_EDI_ADVICE = "have it converted to JSON or CSV, with a row for each order line"
_TEXTS = (
    (
        re.compile(r"ISA([^\w\s])\d\d\1.{10}\1\d\d\1.{10}\1", re.DOTALL),
        f"an X12 interchange, as of an 850 purchase order: {_EDI_ADVICE}",
    ),
    (
        re.compile(r"(?:UNA.{6}\s*)?UNB[+\x1d].{4}[:\x1f]\d", re.DOTALL),
        f"an EDIFACT interchange, as of an ORDERS message: {_EDI_ADVICE}",
    ),
    (re.compile(r"UNA.{6}\s*UN[BGH]", re.DOTALL), f"an EDIFACT interchange, as of an ORDERS message: {_EDI_ADVICE}"),
    (re.compile(r"EDI_DC(?:40)?(?:_U)?[ \d]"), f"an SAP IDoc in flat form, as of ORDERS05: {_EDI_ADVICE}"),
)
_MARKUP = re.compile(
    r"<(?:\?xml|!DOCTYPE|!--|[A-Za-z_][\w.:-]*(?:\s+[\w.:-]+\s*=|\s*/?>(?![ ]*[,;|\t])))", re.IGNORECASE
)
"""Not a header row that puts the names of its columns in angle brackets."""

_IN_MARKUP = (
    (re.compile(r"<!DOCTYPE\s+cXML|<cXML\b", re.IGNORECASE), f"a cXML document: {_EDI_ADVICE}"),
    (re.compile(r"urn:oasis:names:specification:ubl:"), f"a UBL document: {_EDI_ADVICE}"),
    (re.compile(r"urn:un:unece:uncefact:"), f"a document of UN/CEFACT's cross industry form: {_EDI_ADVICE}"),
    (re.compile(r"urn:schemas-microsoft-com:office:spreadsheet"), f"an Excel workbook (XML 2003): {_AS_CSV}"),
    (re.compile(r"<IDOC\b|<EDI_DC40\b"), f"an SAP IDoc in XML: {_EDI_ADVICE}"),
    (
        re.compile(r"<(?:!DOCTYPE\s+html|html|head|body|table|meta|style|div)\b", re.IGNORECASE),
        f"an HTML page, as some programs write for Excel under a name that ends with .xls: open it there and {_AS_CSV}",
    ),
)


def foreign(first: bytes, encoding: str) -> str:
    """What a file is that begins like this, and what to do; "" if it may be one of ours. `encoding`: of its text."""
    for magic, what in _BINARY:
        if first.startswith(magic):
            return what
    if first.startswith(_ZIP):
        found = next((what for name, what in _IN_ZIP if name in first), "")
        return found or "a ZIP archive: unpack it, and compress each file with gzip; an Excel workbook: save it as CSV"
    text = first[:LOOKED_AT].decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    for form, what in _TEXTS:
        if form.match(text):
            return what
    if not _MARKUP.match(text):
        return ""
    return next((what for form, what in _IN_MARKUP if form.search(text)), f"an XML document: {_EDI_ADVICE}")


def looks_like(text: str) -> str:
    """The format of ours that text begins like, as a hint; "" if none is likely. One line of CSV is enough."""
    if hint := looks_like_json(text):
        return hint
    lines = text.strip("\ufeff \t\r\n").splitlines()[:3]
    for delimiter in ",;\t|":
        counts = [line.count(delimiter) for line in lines]
        if counts and counts[0] and all(one == other for one, other in pairwise(counts)):
            return "it looks like CSV, whose format is csv"
    return ""


def looks_like_json(text: str) -> str:
    """As `looks_like`, for what should have been CSV."""
    begin = text.lstrip("\ufeff \t\r\n")
    if re.match(r'\[\s*(?:[\[{"]|$)', begin):
        return "it looks like a JSON array, whose format is json"
    return "it looks like JSON Lines, whose format is jsonl" if begin.startswith("{") else ""
