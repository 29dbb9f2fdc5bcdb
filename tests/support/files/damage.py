"""CSV files of orders, and what happens to files: each damage changes the bytes, and nobody is told."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

CUSTOMERS = ("C-1001", "C-1002")
CITIES = ("Köln", "Wien", "Graz", "Saint-Étienne")
NAMES = ("Ana", "Müller; Söhne", 'Haus "Erika"', "Nord, GmbH", "Zoë")
SEPARATOR, QUOTE, END = ";", '"', "\n"
HEADER = (
    *("number", "at", "customer", "currency", "total", "name", "street", "city", "zip", "country"),
    *("line", "sku", "pieces", "price", "tax", "remark"),
)
HEADER_CELLS = HEADER.index("line")


KINDS = """
[kinds]
begin = "H"
line = "L"
columns = {{ H = {header}, L = {line} }}
"""
TRAILER = """
[trailer]
begins = "END"
rows = 2
orders = 3
total = 4
"""


@dataclass(frozen=True)
class Style:
    """How the rows of an order are written. `total` and `line` are columns, or computed."""

    further_rows: str = "repeat"
    """repeat: all of the header; carry: its number only; blank: nothing of it; kinds: the header has a row of its own,
    and lines have the number; bare-kinds: lines have no number."""
    with_total: bool = False
    with_line: bool = False
    with_pattern: bool = False
    with_trailer: bool = False
    """The last row has the number of rows, of orders, and the sum of their totals."""

    @property
    def has_kinds(self) -> bool:
        return "kinds" in self.further_rows

    @property
    def has_own_numbers(self) -> bool:
        """Whether each row says of which order it is."""
        return self.further_rows not in ("blank", "bare-kinds")

    @property
    def line_cells(self) -> tuple[str, ...]:
        """Of a row that is a line alone, behind its kind."""
        return (*(HEADER[:1] if self.further_rows == "kinds" else ()), *HEADER[HEADER_CELLS:])

    @property
    def mapping(self) -> str:
        """TOML."""
        modes = {"repeat": "", "carry": 'carry_down = ["*"]', "blank": 'continuation = "blank"'}
        kinds = KINDS.format(header=list(HEADER[:HEADER_CELLS]), line=list(self.line_cells))
        total = '"total"' if self.with_total else '{ computed = "sum_of_lines" }'
        number = '{ column = "number", pattern = "SO-[0-9]{4}" }' if self.with_pattern else '"number"'
        line = '"line"' if self.with_line else '{ computed = "position" }'
        return f"""
delimiter = ";"
ignore = ["*"]
{modes.get(self.further_rows, "skip_rows = 1")}
{kinds if self.has_kinds else ""}
{TRAILER if self.with_trailer else ""}
[order]
external_id = {number}
ordered_at = "at"
customer_id = "customer"
currency = "currency"
total = {total}
payment = {{ method = {{ constant = "on_account" }} }}
ship_to = {{ name = "name", address = "street", city = "city", postal_code = "zip", country = "country" }}
[line]
line = {line}
sku = "sku"
quantity = "pieces"
unit_price = "price"
tax_rate = "tax"
"""


def rows_of(random: Random, orders: int, style: Style, digits: int = 4) -> list[list[str]]:
    """The cells below the header. Each line of each order has a SKU and a price of its own."""
    rows, total = [], 0
    for number in range(1, orders + 1):
        lines = random.choice((1, 1, 2, 3, 4))
        prices = [number * 100 + place * 7 + random.choice((1, 3)) for place in range(lines)]
        total += sum(prices)
        header = [f"SO-{number:0{digits}}", f"2026-11-{random.randint(1, 28):02}T10:15:00Z", random.choice(CUSTOMERS)]
        header += ["EUR", f"{sum(prices)}.00", random.choice(NAMES), "Weg 1", random.choice(CITIES), "1010", "AT"]
        if style.has_kinds:
            rows.append(["H", *header])
        for place, price in enumerate(prices, 1):
            shown = header
            if place > 1 and style.further_rows in ("carry", "blank"):
                shown = [header[0] if style.further_rows == "carry" else "", *[""] * (HEADER_CELLS - 1)]
            remark = random.choice(("", "", "eilt", "siehe; Anlage", 'der "Zweite"'))
            if style.has_kinds:
                shown = ["L", *header[: len(style.line_cells) + HEADER_CELLS - len(HEADER)]]
            rows.append([*shown, str(place), f"SKU-{number}-{place}", "1", f"{price}.00", "0", remark])
    return [*rows, ["END", str(len(rows)), str(orders), str(total)]] if style.with_trailer else rows


def text_of(rows: Sequence[Sequence[str]]) -> str:
    """The file, its last line ended."""
    return "".join(SEPARATOR.join(map(written, row)) + END for row in (HEADER, *rows))


def written(cell: str) -> str:
    """As RFC 4180 has it."""
    doubled = cell.replace(QUOTE, QUOTE * 2)
    return f"{QUOTE}{doubled}{QUOTE}" if any(c in cell for c in (SEPARATOR, QUOTE, END)) else cell


Damage = Callable[[Random, str], str]


def below_header(text: str) -> int:
    return text.index(END) + 1


def lines_of(text: str) -> list[str]:
    """Each with its end: whatever moves lines writes whole ones."""
    return [line + END for line in text.removesuffix(END).split(END)]


def is_quoted(text: str, place: int) -> bool:
    return text[text.rindex(END, 0, place) + 1 : place].count(QUOTE) % 2 == 1


def stray(random: Random, text: str) -> str:
    """A delimiter, quote or line end too many."""
    place = random.randint(below_header(text), len(text))
    inserted = random.choice((SEPARATOR, QUOTE, END, QUOTE + SEPARATOR, END + END))
    if inserted == SEPARATOR and is_quoted(text, place):
        return text  # that changes a text, which nobody can see
    return text[:place] + inserted + text[place:]


def lacking(random: Random, text: str) -> str:
    """One too few."""
    begin = below_header(text)
    places = [place for place in range(begin, len(text)) if text[place] in (SEPARATOR, QUOTE, END)]
    place = random.choice(places)
    if text[place] == SEPARATOR and is_quoted(text, place):
        return text
    return text[:place] + text[place + 1 :]


def long_line(random: Random, text: str) -> str:
    """Something that is no row at all."""
    lines = lines_of(text)
    place = random.randint(1, len(lines))
    return "".join((*lines[:place], "x;" * random.choice((3, 500_001)) + END, *lines[place:]))


def interleaved(random: Random, text: str) -> str:
    """Sorted by something else than the order."""
    header, *lines = lines_of(text)
    return header + "".join(sorted(lines, key=lambda line: (line.count("e"), random.random())))


def swapped(random: Random, text: str) -> str:
    """Two rows in each other's place."""
    header, *lines = lines_of(text)
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return header + "".join(lines)


def undecodable(random: Random, text: str) -> str:
    """A character that is not of the encoding, as the reader of the bytes sees it."""
    place = random.randint(below_header(text), len(text) - 1)
    return text[:place] + "\udcff" + text[place:]


LOST_KEYS = ("1,23457E+15", "1.2E+12", "#N/A", "#REF!", "#BEZUG!", "NULL", "", " ", '="0012"', "########", "\udcff")


def lost_key(random: Random, text: str) -> str:
    """What a spreadsheet, an export or a database leaves of an order number, in one row or in all."""
    header, *lines = lines_of(text)
    damage, place, everywhere = random.choice(LOST_KEYS), random.randrange(len(lines)), random.random() < 0.2
    for each, line in enumerate(lines):
        if everywhere or each == place:
            lines[each] = written(damage) + line[line.index(SEPARATOR) :] if SEPARATOR in line else line
    return header + "".join(lines)


def respelled_key(random: Random, text: str) -> str:
    """The same number in another writing: no damage to who reads it."""
    header, *lines = lines_of(text)
    place = random.randrange(len(lines))
    cell, separator, rest = lines[place].partition(SEPARATOR)
    lines[place] = random.choice((f" {cell}", f"{cell} ", f'"{cell}"', unicodedata.normalize("NFD", cell))) + separator
    lines[place] += rest
    return header + "".join(lines)


def blank_lines(random: Random, text: str) -> str:
    """Lines of nothing, or of nothing but delimiters."""
    lines = lines_of(text)
    place = random.randint(1, len(lines))
    blank = random.choice((END, "  " + END, SEPARATOR * (len(HEADER) - 1) + END))
    return "".join((*lines[:place], blank, *lines[place:]))


def cut_end(random: Random, text: str) -> str:
    """The disk was full, the connection broke off."""
    return text[: random.randint(below_header(text), len(text))]


def cut_middle(random: Random, text: str) -> str:
    """A stretch is missing, from somewhere in one cell to somewhere in another. Not from the number of one order to the
    total of another: then nothing but the count of the orders tells."""
    begin = random.randint(below_header(text), len(text))
    end = min(len(text), begin + random.choice((1, 20, 60, 200)))
    before = text[text.rindex(END, 0, begin) + 1 : begin].count(SEPARATOR)
    if SEPARATOR not in text[begin:end] or (END in text[begin:end] and before <= HEADER.index("total")):
        return text
    return text[:begin] + text[end:]


def lost_line(random: Random, text: str) -> str:
    """A row is missing."""
    header, *lines = lines_of(text)
    del lines[random.randrange(len(lines))]
    return header + "".join(lines)


def doubled_line(random: Random, text: str) -> str:
    """A row stands twice, beside itself or elsewhere."""
    header, *lines = lines_of(text)
    lines.insert(random.randint(0, len(lines)), random.choice(lines))
    return header + "".join(lines)


VISIBLE: tuple[Damage, ...] = (
    *(stray, lacking, long_line, interleaved, swapped, undecodable, lost_key, respelled_key, blank_lines),
)
"""Damages that leave every row in the file, however mangled: nothing but the rows is needed to see them."""

INVISIBLE: tuple[Damage, ...] = (cut_end, cut_middle, lost_line, doubled_line)
"""Damages that take rows away without a trace, or add them: seen by totals that were sent, or by control sums."""
