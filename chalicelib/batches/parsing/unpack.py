"""The bytes of an upload, unpacked if they are gzip. Bounded, whatever was sent."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from chalicelib.batches.errors import BrokenFile

MAX_UPLOAD_BYTES = 1_000_000_000
MAX_CONTENT_BYTES = 4_000_000_000
"""Unpacked: some 5 million orders, hashed within a minute. A larger file must be split; a gzip bomb ends here."""

MAX_MEMBERS = 200_000
"""Parts of a gzip file. Writers of blocks make some 60,000 of 4 GB; millions of tiny ones are work for nothing."""

PIECE_BYTES = 256 * 1024
"""The most that is unpacked at a time; pieces are handed on when there is a quarter of it."""

_GZIP = b"\x1f\x8b"


def content(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content in pieces, none but the last of them small. Raises BrokenFile."""
    size = 0
    for piece in _not_small(_unpacked(chunks)):
        size += len(piece)
        if size > MAX_CONTENT_BYTES:
            raise BrokenFile(f"the file has more than {MAX_CONTENT_BYTES:,} bytes: split it")
        yield piece


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pieces = _not_small(chunks)
    first = next(pieces, b"")
    return _gunzip(first, pieces) if first.startswith(_GZIP) else chain((first,), pieces)


def _not_small(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes: what is done for each piece is done for many bytes, and the first tells what the file is."""
    gathered, size = [], 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES // 4:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)


def _gunzip(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    """Member after member, never more than PIECE_BYTES at a time, whatever the ratio."""
    unpack, members = zlib.decompressobj(wbits=31), 1
    try:
        for packed in chain((first,), rest):
            left, more = packed, False
            while left or more:
                if unpack.eof:
                    if not left.strip(b"\0"):  # some tools pad the end
                        break
                    members += 1
                    if members > MAX_MEMBERS:
                        raise BrokenFile(f"the gzip file has more than {MAX_MEMBERS:,} parts: compress it in one")
                    unpack = zlib.decompressobj(wbits=31)
                piece = unpack.decompress(left, PIECE_BYTES)
                yield piece
                more = len(piece) == PIECE_BYTES and not unpack.eof
                left = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    except zlib.error:
        raise BrokenFile("the gzip file is damaged: compress it again") from None
    if not unpack.eof:
        raise BrokenFile("the gzip file is truncated: it was not sent to its end")
