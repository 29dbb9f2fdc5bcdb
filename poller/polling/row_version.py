"""What a row is to accept(): the state of a row that is read again is a repeat, a row that was corrected is none.

The same row is read again in every overlap and after every crash. Its correlation id is therefore made of what was
read, so that what it has brought once, it brings no second time, whatever has become of the order.
"""

from __future__ import annotations

import json

from chalicelib.domain.ids import hashed_id
from chalicelib.domain.state import Status
from chalicelib.orders.again import Terms
from poller.reading.reader import RawOrder
from poller.source.file import LoadedSource
from poller.source.model import Source
from poller.state.codec import encode_value, key_text

MOVING = ("timestamp+id", "rowversion")
"""Cursor modes in which every change of a row moves its cursor value."""


def correlation_id_of(loaded: LoadedSource, order: RawOrder) -> str:
    """Of this state of the row, as this source file reads it: `r-` and 24 characters, the same in every process."""
    position = json.dumps([encode_value(value) for value in order.position])
    read = (key_text(order.key), position, order.row_hash().hex(), loaded.fingerprint)
    return hashed_id("r", loaded.source.name, *read)


def terms_of(source: Source) -> Terms:
    """A corrected row brings a new revision of a closed order. One that was only touched does so if it was rejected,
    and if nothing is written back: our own answer would move the cursor, too, and the row would come for ever."""
    touched = source.cursor.mode in MOVING and not source.write_back.by_outcome
    return Terms(renews=frozenset({Status.REJECTED}) if touched else frozenset(), once=True)
