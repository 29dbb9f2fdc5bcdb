"""Where a callback may go: the rules for addresses, asked when one is set and again before every call.

They are about the form of an address. Where its name leads (private networks, the address of the instance's metadata)
would be decided in `checked_address`, too, and again on the address that is connected to.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

MAX_CHARACTERS = 2000
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z", re.IGNORECASE | re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+\Z", re.ASCII)
_IPV6 = re.compile(r"[0-9a-f:.]+\Z", re.IGNORECASE | re.ASCII)


class WrongAddress(ValueError):
    """No callback can go there; says why and what to write instead."""


def checked_address(url: str, plain_http: bool = False) -> SplitResult:
    """The address in its parts. `plain_http` allows http:// and is for local stages only. Raises WrongAddress."""
    if len(url) > MAX_CHARACTERS:
        raise WrongAddress(f"it is longer than {MAX_CHARACTERS} characters")
    if not _PRINTABLE.match(url):
        raise WrongAddress(
            "it holds blanks or characters beyond ASCII: write the host in Punycode (xn--...), the path with %XX"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise WrongAddress(f"it cannot be read: {error}") from None
    if parts.scheme != "https" and not (plain_http and parts.scheme == "http"):
        raise WrongAddress("it must begin with https://")
    if "@" in parts.netloc:
        raise WrongAddress("it holds a user or a password: callbacks are signed, the receiver checks the signature")
    if parts.fragment:
        raise WrongAddress("it has a fragment (#...), which is never sent")
    if port == 0:
        raise WrongAddress("its port is 0")
    if not _is_host(host):
        raise WrongAddress(f"its host {host!r} is no name: labels of 1 to 63 letters, digits and hyphens between dots")
    return parts


def _is_host(host: str) -> bool:
    if ":" in host:
        return bool(_IPV6.match(host))
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and all(_LABEL.match(label) for label in labels)
