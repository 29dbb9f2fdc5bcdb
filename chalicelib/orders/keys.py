"""Keys are identities: one writing for one key, and nothing that is left where a value was lost.

Order numbers, customer numbers and SKUs pass through spreadsheets, exports and databases. What these leave when they
have lost a value passes for a value unless it is refused here.
"""

from __future__ import annotations

import re
import unicodedata

REPLACED = "\ufffd"
"""What decoders, API Gateway and old exports put where they could not read a character."""

_LOST = frozenset(
    (
        *("null", "(null)", "<null>", "[null]", "none", "nil", "nan", "undefined", "(blank)", "(empty)"),
        *("n/a", "n.a.", "n.v.", "k.a.", "#n/a", "#n/d", "#n/b", "#n/v", "#nv", "#nd", "#i/t", "#getting_data"),
        *("?", ".", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}"),
    )
)
"""Words for "nothing", in lower case, and the error values of spreadsheets that have no mark at their end."""

_ERROR_VALUE = re.compile(r"#\S*[!?]|#+")
"""#REF!, #BEZUG!, #VALUE!, #NAME?, #DIV/0! in whatever language; a column that was too narrow."""

_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE][+-]\d{2,}")
"""As spreadsheets write long numbers; what stood behind the digits is gone."""

_JOINERS = "\u200c\u200d\u200e\u200f"
"""Joiners and marks of direction that names of people and places are written with."""


def composed(text: str) -> str:
    """One form for one text: Unicode's NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def invisible(text: str, allowed: str = "") -> str:
    """The first format character that nobody sees, as U+XXXX; "" if there is none."""
    found = next((c for c in text if c not in allowed and unicodedata.category(c) == "Cf"), "")
    return f"U+{ord(found):04X}" if found else ""


def invisible_in_name(text: str) -> str:
    """As `invisible`, but for what scripts need."""
    return invisible(text, _JOINERS)


def lost_value(text: str) -> str:
    """What a key is the remains of, as a sentence that says how to fix it; "" if it may be a key."""
    if text.lower() in _LOST:
        return f'is "{text}", which stands for a missing value: send the real one'
    if _ERROR_VALUE.fullmatch(text):
        return "is the error value of a spreadsheet: correct the cell"
    if _SCIENTIFIC.fullmatch(text):
        return "is a number that a spreadsheet has shortened: export the column as text"
    if text.startswith("="):
        return "is a formula: export the values"
    return ""


def unreadable(text: str) -> str:
    """Why a text cannot be told from another key, as a sentence; "" if it can."""
    if not text.isascii():
        if REPLACED in text:
            return "holds U+FFFD, which stands for a character that was lost: state the encoding"
        if found := invisible(text):
            return f"holds {found}, which nobody sees: remove it"
    return lost_value(text)
