"""How fast files of each format are read: MB/s and orders/s of one core, up to the records of the pages.

python -m bench.files --mb 50
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

from chalicelib.batches.model import Batch, Format
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.batches.parsing.read import START, reader

CHUNK_BYTES = 256 * 1024
HEADER = tuple(column for column in parse_mapping(CANONICAL).columns if column != "payment_token")

KINDS = """
[kinds]
begin = "H"
line = "L"
[kinds.columns]
H = ["external_id", "ordered_at", "customer_id", "currency", "total", "payment_method", "ship_to_name", "ship_to_address", "ship_to_city", "ship_to_postal_code", "ship_to_country"]
L = ["line", "sku", "quantity", "unit_price", "tax_rate"]
"""  # noqa: E501 -- inline arrays of a mapping


def rows(number: int) -> list[list[str]]:
    """An order of two lines, its header repeated."""
    place = ["Ana Müller", "Hafenstr. 12", "Hamburg", "20457", "DE"]
    header = [f"SO-{number:08}", "2026-11-23T10:15:00Z", f"C-{number % 997}", "EUR", "49.98", "on_account", *place]
    return [[*header, str(line), f"WIDGET-{number % 89}-{line}", "2", "10.50", "0.19"] for line in (1, 2)]


def csv_order(number: int) -> str:
    return "".join(",".join(row) + "\n" for row in rows(number))


def quoted_order(number: int) -> str:
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows(number))


def kinds_order(number: int) -> str:
    first, second = rows(number)
    return "".join(",".join(row) + "\n" for row in (["H", *first[:11]], ["L", *first[11:]], ["L", *second[11:]]))


def json_order(number: int) -> str:
    first = dict(zip(HEADER, rows(number)[0], strict=True))
    lines = [dict(zip(HEADER[11:], row[11:], strict=True)) for row in rows(number)]
    ship_to = {name: first[f"ship_to_{name}"] for name in ("name", "address", "city", "postal_code", "country")}
    named = {name: first[name] for name in ("external_id", "ordered_at", "customer_id", "currency", "total")}
    order = {"source": "shop", **named, "payment": {"method": "on_account"}, "ship_to": ship_to, "lines": lines}
    return json.dumps(order, ensure_ascii=False) + "\n"


def array_order(number: int) -> str:
    return ("[" if number == 1 else ",") + json_order(number)


SHAPES: dict[str, tuple[Format, str, str, Callable[[int], str], str]] = {
    "csv": (Format.CSV, CANONICAL, ",".join(HEADER) + "\n", csv_order, ""),
    "csv, every cell quoted": (Format.CSV, CANONICAL, ",".join(HEADER) + "\n", quoted_order, ""),
    "csv, records of two kinds": (Format.CSV, KINDS + CANONICAL, "", kinds_order, ""),
    "jsonl": (Format.JSONL, "", "", json_order, ""),
    "json": (Format.JSON, "", "", array_order, "]"),
}
"""Name -> format, mapping, what stands above, an order, what stands below."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.files", description=__doc__)
    parser.add_argument("--mb", type=int, default=50, help="size of each made-up file; default: 50")
    megabytes = parser.parse_args(arguments).mb
    print(f"{'shape':<28}{'orders':>10}{'s':>8}{'MB/s':>8}{'orders/s':>10}")
    for name, (kind, mapping, above, order, below) in SHAPES.items():
        chunks = list(made_up(megabytes * 1_000_000, above, order, below))
        begun = time.process_time()
        records = reader(_batch(kind, mapping), iter(chunks), START, Census())
        orders = sum(not record.problems for record in records)
        seconds = time.process_time() - begun
        size = sum(map(len, chunks)) / 1_000_000
        print(f"{name:<28}{orders:>10,}{seconds:>8.2f}{size / seconds:>8.1f}{orders / seconds:>10,.0f}", flush=True)
    return 0


def made_up(size: int, above: str, order: Callable[[int], str], below: str) -> Iterator[bytes]:
    """A file of about so many bytes, in chunks."""
    gathered, length = [above.encode()], 0
    for number in count(1):
        gathered.append(order(number).encode())
        length += len(gathered[-1])
        if sum(map(len, gathered[-500:])) > CHUNK_BYTES or len(gathered) >= 500:
            yield b"".join(gathered)
            gathered = []
        if length >= size:
            yield b"".join([*gathered, below.encode()])
            return


def _batch(kind: Format, mapping: str) -> Batch:
    now = datetime.now(UTC)
    return Batch("b", "shop", kind, "utf-8", mapping, "", "", 0, 500, now, 1, now)


if __name__ == "__main__":
    sys.exit(main())
