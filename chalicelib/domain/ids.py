"""Ids made from what they identify: always the same for the same thing, without asking anybody."""

from __future__ import annotations

import hashlib

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o, u."""


def hashed_id(prefix: str, *parts: str) -> str:
    """26 characters, safe everywhere: the prefix, a hyphen, 24 characters for 120 bits of SHA-256 over the parts.

    Two of a billion collide with a chance of about 1e-18. The NUL between the parts keeps ("ab", "c") apart from
    ("a", "bc"); no part may contain one.
    """
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:15], "big")
    return f"{prefix}-" + "".join(ALPHABET[number >> shift & 31] for shift in range(115, -1, -5))
