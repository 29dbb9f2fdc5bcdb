"""Guesses which tables of an unknown ERP hold orders, and drafts a source file for a person to finish.

Names of tables and columns are compared with the words that ERPs use for them in several languages. A guess is only
a guess: the draft names what it is unsure of, and `check` says what does not work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from poller.database.catalogue import Catalogue, ColumnInfo, TableInfo

TODO = "TODO"
MAX_EXAMINED = 400
"""Tables whose columns are looked at, those with telling names first."""

_HEADER_TABLE = re.compile(r"order|auf(trag)?|bestell|command|pedid|ordin|vbak|ordr|zamow|sales|\bso", re.IGNORECASE)
_LINE_TABLE = re.compile(r"line|item|pos|det|lig|righ|vbap|rdr1|linea|part", re.IGNORECASE)
_NOT_ORDERS = re.compile(
    r"log|hist|tmp|temp|audit|archiv|invoice|rechn|purchase|einkauf|stat|tag|_rel$|report|template", re.I
)

HEADER_WORDS: Mapping[str, Sequence[str]] = {
    "external_id": (
        r"^(order|auf|sales|bestell)\w*(no|nr|num|number|ref)$",
        r"^(vbeln|docnum|belnr|ref|name|number|nr)$",
    ),
    "ordered_at": (r"^(date_?(order|commande)|order_?date|auf\w*dat\w*|bestelldat\w*|erdat|docdate)$", r"dat(e|um)?"),
    "customer_id": (r"^(customer|cust|kunde?|kd|client|partner|debitor|soc|cardcode|kunnr)", r"customer|kunde|partner"),
    "currency": (r"^(currency|curr|waehr|wae|waerk|devise|doccur)", r"curr|waehr|devis|moned"),
    "total": (
        r"^(amount_total|total(_ttc|_amount)?|grand_?total|brutto|doctotal|gesamt\w*)$",
        r"total|brutto|summe|montant",
    ),
    "payment.method": (r"^(payment|pay|zahl)\w*(method|mode|term|art|type)\w*$", r"pay|zahl|reglement"),
    "payment.token": (r"token",),
    "ship_to.name": (r"^(ship|delivery|lief|l)\w*_?name$", r"ship\w*name|name1?$"),
    "ship_to.address": (r"^(ship|delivery|lief|l)\w*(street|addr\w*|str\w*|adr\w*)$", r"street|strasse|address"),
    "ship_to.city": (r"^(ship|delivery|lief|l)\w*(city|ort|ville|town)$", r"city|ville|\bort"),
    "ship_to.postal_code": (r"^(ship|delivery|lief|l)\w*(zip|post\w*|plz|cp)$", r"zip|postal|plz"),
    "ship_to.country": (r"^(ship|delivery|lief|l)\w*(country|land|pays)\w*$", r"country|land"),
}
"""What the columns of a field are called. No words: the field is not guessed."""

LINE_WORDS: Mapping[str, Sequence[str]] = {
    "line": (r"^(line|pos|position|item)_?(no|nr|num|number)?$", r"^(sequence|rang|posnr|linenum|rank)$"),
    "sku": (
        r"^(sku|item_?(code|no)|art(ikel)?_?(nr|no)|product_?(code|ref|id)|matnr|default_code)$",
        r"sku|art|product|item",
    ),
    "quantity": (r"^(quantity|qty|menge|product_uom_qty|qte?|kwmeng)$", r"qty|quant|menge"),
    "unit_price": (r"^(unit_?price|price_unit|e?preis|price|subprice|netpr)$", r"price|preis|prix"),
    "tax_rate": (r"^(tax|vat|mwst|tva)_?(rate|tx|satz|kz|code)?$", r"tax|vat|mwst|tva"),
}
_CHANGED = (
    r"^(write_date|updated?_?(at|on|ts)?|modified\w*|last_?(change|modif|update)\w*|aend\w*|tms|changed\w*|mtime)$",
    r"^(created?_?(at|on)?|create_date|erdat)$",
)
_TIMES = re.compile(r"time|date")


@dataclass(frozen=True, slots=True)
class Guess:
    """A header table, its lines and the columns found: canonical field -> column. `score`: how much speaks for it."""

    header: TableInfo
    lines: TableInfo | None
    line_key: str
    order_fields: Mapping[str, str]
    line_fields: Mapping[str, str]
    changed: ColumnInfo | None
    score: int


def guesses(catalogue: Catalogue) -> list[Guess]:
    """Tables that look like orders, the best first; at most ten."""
    names = sorted(catalogue.table_names(), key=lambda name: (-_name_score(name), name))[:MAX_EXAMINED]
    tables = [table for table in map(catalogue.table, names) if table is not None]
    found = [_guess(table, tables) for table in tables if _name_score(table.name) > 0]
    return sorted((guess for guess in found if guess.score >= 6), key=lambda guess: -guess.score)[:10]


def _guess(header: TableInfo, tables: Sequence[TableInfo]) -> Guess:
    order_fields = _match(HEADER_WORDS, header.columns)
    lines = max(
        (table for table in tables if table is not header), key=lambda table: _belongs(table, header), default=None
    )
    if lines is not None and _belongs(lines, header) < 4:
        lines = None
    line_key = _link(lines, header) if lines is not None else ""
    line_fields = _match(LINE_WORDS, [c for c in lines.columns if c.name != line_key]) if lines is not None else {}
    times = [column for column in header.columns if _TIMES.search(column.type)]
    changed = _first(_CHANGED[:1], times) or _first(_CHANGED[:1], header.columns) or _first(_CHANGED[1:], times)
    score = 0
    if lines is not None:
        score = len(order_fields) + 2 * len(line_fields) + _name_score(header.name) + 2 * (changed is not None)
    return Guess(header, lines, line_key, order_fields, line_fields, changed, score)


def _name_score(name: str) -> int:
    """Telling names; logs, purchases and tables of lines tell against."""
    table = name.rpartition(".")[2]
    score = 0
    if _HEADER_TABLE.search(table):
        score += 5
    if _NOT_ORDERS.search(table):
        score -= 8
    if _LINE_TABLE.search(_HEADER_TABLE.sub("", table)):  # what is left of "order_lines"
        score -= 3
    return score


def _belongs(lines: TableInfo, header: TableInfo) -> int:
    """How much a table looks like the lines of that header."""
    if not _link(lines, header):
        return 0
    stem = re.sub(r"(kopf|head(er)?|hdr)$", "", header.name.lower())
    related = lines.name.lower().startswith(stem) or (len(stem) > 3 and stem in lines.name.lower())
    return len(_match(LINE_WORDS, lines.columns)) + 3 * related + bool(_LINE_TABLE.search(lines.name))


def _link(lines: TableInfo, header: TableInfo) -> str:
    """The column of `lines` that holds the header's key."""
    if len(header.primary_key) != 1:
        return ""
    (key,) = header.primary_key
    stem = header.name.rpartition(".")[2].lower()
    wanted = {f"{stem}_id", f"{stem}id", f"fk_{stem}", f"{stem}_{key}".lower(), "order_id", "fk_order"}
    if len(key) > 2 and key.lower() not in ("name", "rowid"):
        wanted.add(key.lower())
    parts = stem.split("_")
    wanted |= {f"fk_{parts[-1]}", f"{parts[-1]}_id"}
    return next((column.name for column in lines.columns if column.name.lower() in wanted), "")


def _match(patterns: Mapping[str, Sequence[str]], columns: Iterable[ColumnInfo]) -> dict[str, str]:
    """Each field's best column, each column for one field only."""
    free = list(columns)
    found: dict[str, str] = {}
    for rank in range(2):
        for field, choices in patterns.items():
            if field in found or rank >= len(choices):
                continue
            column = _first(choices[rank : rank + 1], free)
            if column is not None:
                found[field] = column.name
                free.remove(column)
    return found


def _first(patterns: Sequence[str], columns: Iterable[ColumnInfo]) -> ColumnInfo | None:
    candidates = list(columns)
    for pattern in patterns:
        for column in candidates:
            if re.search(pattern, column.name, re.IGNORECASE):
                return column
    return None
