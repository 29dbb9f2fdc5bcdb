"""Whole files through SplitFile, call after call, as the state machine does it; and files that are made to be slow.

python -m bench.splitting                    1 GB of CSV, a million orders of JSON Lines, and each poison at two sizes
python -m bench.splitting --mb 100 --orders 100000 --poison-mb 4

The pages are counted and thrown away. Every call has WORKING_TIME of this machine's processor, so that the number of
calls is that of a quiet core; what a call takes beyond it is shown, and must stay below the function's timeout.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.files import CHUNK_BYTES, HEADER, csv_order, json_order
from chalicelib.adapters.memory.batches import MemoryFiles, MemoryLedger
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Batch, BatchState, Format
from chalicelib.batches.parsing.csv_mapping import CANONICAL
from chalicelib.batches.parsing.file import fingerprint
from chalicelib.batches.ports import Stream
from chalicelib.batches.split import SplitFile
from chalicelib.observability import logger
from chalicelib.workflow.table import SPLIT_FILE

Pieces = Callable[[], Iterable[bytes]]


class ProcessorClock:
    """What this process has used, as if nothing else ran."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=time.process_time())

    def sleep(self, seconds: float) -> None:
        raise AssertionError("splitting does not wait")


class Generated(MemoryFiles):
    """One upload that is made while it is read, and no pages: a gigabyte needs no memory."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__()
        self._pieces = pieces
        self.bytes_read = 0

    def stream(self, key: str, etag: str = "", version: str = "") -> Stream:
        return Stream("etag", self._counted())

    def put(self, key: str, data: bytes) -> str:
        if "/pages/" not in key:
            super().put(key, data)
        return "etag"

    def _counted(self) -> Iterator[bytes]:
        for piece in self._pieces():
            self.bytes_read += len(piece)
            yield piece


@dataclass(frozen=True)
class Course:
    """How a file was split."""

    state: str
    orders: int
    calls: int
    seconds: float
    longest_s: float


def split_whole(kind: Format, pieces: Pieces, max_calls: int = 1000) -> Course:
    """All calls to the end. Processor seconds, the making of the file included: `made` tells how many these are."""
    ledger, files, clock = MemoryLedger(), Generated(pieces), ProcessorClock()
    now = clock.now()
    mapping = 'ignore = ["*"]\n' + CANONICAL if kind is Format.CSV else ""
    ledger.create(Batch("b-1", "bench", kind, "utf-8", mapping, "key", "etag", 0, 500, now, 1, now))
    split, pages, calls, longest = SplitFile(ledger, files, clock), 0, 0, 0.0
    began = time.process_time()
    for _call in range(max_calls):
        before = time.process_time()
        batch = ledger.batch("b-1")
        assert batch is not None
        done = split(batch, pages)
        longest = max(longest, time.process_time() - before)
        pages, calls = done.pages, calls + 1
        if done.state != "more":
            break
    batch = ledger.batch("b-1")
    assert batch is not None
    lines = batch.lines or 0
    return Course(batch.state, lines, calls, time.process_time() - began, longest)


def chunked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """In pieces as S3 gives them."""
    gathered, size = [], 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= CHUNK_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    yield b"".join(gathered)


def csv_of(mb: float) -> Pieces:
    """Two rows an order, which has about a kilobyte: a gigabyte is a little less than a million orders."""
    note = "," + "x" * 400 + "\n"

    def pieces() -> Iterator[bytes]:
        head = (",".join((*HEADER, "note")) + "\n").encode()
        size = len(csv_order(1).replace("\n", note))
        orders = (csv_order(number).replace("\n", note).encode() for number in range(int(mb * 1e6 / size)))
        return chunked(itertools.chain([head], orders))

    return pieces


def jsonl_of(orders: int) -> Pieces:
    return lambda: chunked(json_order(number).encode() + b"\n" for number in range(orders))


def repeated(unit: bytes, mb: float, head: bytes = b"", tail: bytes = b"") -> Pieces:
    times = int(mb * 1e6 / len(unit))
    return lambda: chunked(itertools.chain([head], itertools.repeat(unit, times), [tail]))


HEAD = (",".join(HEADER) + "\n").encode()
ROW = csv_order(1).splitlines(keepends=True)[0].encode()

LINE = json_order(1).encode()

POISONS: dict[str, tuple[Format, Callable[[float], Pieces]]] = {
    "blank lines": (Format.JSONL, lambda mb: repeated(b"\n", mb / 10, LINE)),
    "blank rows": (Format.CSV, lambda mb: repeated(b"," * 15 + b"\n", mb, HEAD + ROW)),
    "a wide header": (Format.CSV, lambda mb: repeated(b"a,", mb)),
    "one long line": (Format.JSONL, lambda mb: repeated(b"x", mb, LINE)),
    "quotes that do not close": (Format.CSV, lambda mb: repeated(b'"' + ROW, mb, HEAD + ROW)),
    "quotes, nothing else": (Format.CSV, lambda mb: repeated(b'"' * 999 + b"\n", mb, HEAD + ROW)),
    "delimiters, nothing else": (Format.CSV, lambda mb: repeated(b"," * 9999 + b"x\n", mb, HEAD + ROW)),
    "rows of the wrong length": (Format.CSV, lambda mb: repeated(b"SO-1,x\n", mb / 10, HEAD + ROW)),
    "backslashes in a string": (Format.JSON, lambda mb: repeated(b"\\\\", mb, b'[{},"', b'"]')),
    "brackets": (Format.JSON, lambda mb: repeated(b"[", mb, b"[{},")),
    "tiny elements": (Format.JSON, lambda mb: repeated(b"1,", mb / 10, b"[{},", b"1]")),
    "empty parts of gzip": (Format.JSONL, lambda mb: repeated(gzip.compress(b"", mtime=0), mb, gzip.compress(LINE))),
    "tiny parts of gzip": (Format.JSONL, lambda mb: repeated(gzip.compress(b"{}\n", mtime=0), mb / 2)),
    "line ends of old Macs": (Format.CSV, lambda mb: repeated(b"x\r", mb / 10, (HEAD + ROW).replace(b"\n", b"\r"))),
}
"""Each but the wide header begins with something that can be read, or it would be refused at once."""


def of_poison(name: str, mb: float) -> tuple[float, str]:
    """Processor seconds, hash and pages, and how it ended."""
    kind, made = POISONS[name]
    pieces = made(mb)
    began = time.process_time()
    try:
        fingerprint(pieces())
        course = split_whole(kind, pieces)
        told = f"{course.state}, {course.orders:,} records"
    except BrokenFile as problem:
        told = f"refused: {problem}"
    return time.process_time() - began, told


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.splitting", description=__doc__)
    parser.add_argument("--mb", type=float, default=1000, help="of CSV, two rows an order")
    parser.add_argument("--orders", type=int, default=1_000_000, help="of JSON Lines")
    parser.add_argument("--poison-mb", type=float, default=4)
    asked = parser.parse_args(arguments)
    logger().setLevel(logging.WARNING)
    limit, ok = SPLIT_FILE.function_timeout_s, True
    for name, kind, pieces in (
        (f"CSV, {asked.mb:g} MB", Format.CSV, csv_of(asked.mb)),
        (f"JSON Lines, {asked.orders:,} orders", Format.JSONL, jsonl_of(asked.orders)),
    ):
        began = time.process_time()
        size = sum(map(len, pieces()))
        made = time.process_time() - began
        course = split_whole(kind, pieces)
        own = max(course.seconds - made * course.calls, 1e-9)
        print(
            f"{name}: {course.state}, {course.orders:,} orders in {course.calls} calls, {course.seconds:.0f} s of "
            f"processor, {own:.0f} s without the making of the file: {size / own / 1e6:.1f} MB/s; the longest call "
            f"{course.longest_s:.0f} s of {limit}",
            flush=True,
        )
        ok = ok and course.longest_s < limit and course.state == BatchState.RUNNING
    for name in POISONS:
        once, _ = of_poison(name, asked.poison_mb)
        twice, told = of_poison(name, 2 * asked.poison_mb)
        ratio = twice / max(once, 0.02)
        ok = ok and ratio <= 2.2
        print(f"{name}: {once:.2f} s, twice the file {twice:.2f} s, {ratio:.2f} times; {told[:90]}", flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
