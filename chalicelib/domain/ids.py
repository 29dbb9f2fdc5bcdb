"""Ids made from what they identify: always the same for the same thing, without asking anybody."""

from __future__ import annotations

import hashlib

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o, u."""


def revision_key(order_id: str, revision: int) -> str:
    """What belongs to one revision of an order is named: the order's id; from the second on `<order id>.<number>`."""
    return order_id if revision == 1 else f"{order_id}.{revision}"


def revision_of_key(key: str) -> tuple[str, int]:
    """Order id and revision of a `revision_key`."""
    order_id, _, revision = key.partition(".")
    return order_id, int(revision or 1)


def hashed_id(prefix: str, *parts: str) -> str:
    """26 characters, safe everywhere: the prefix, a hyphen, 24 characters for 120 bits of SHA-256 over the parts.

    Two of a billion collide with a chance of about 1e-18. The NUL between the parts keeps ("ab", "c") apart from
    ("a", "bc"); no part may contain one.
    """
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:15], "big")
    return f"{prefix}-" + "".join(ALPHABET[number >> shift & 31] for shift in range(115, -1, -5))
