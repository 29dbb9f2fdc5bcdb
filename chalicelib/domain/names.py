"""How sources, and what belongs to them, may be called: names that are safe in keys, paths and file names."""

from __future__ import annotations

import re

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]*$"
"""For JSON schemas and pydantic, whose `$` is the very end of the text; beside it MAX_NAME_CHARACTERS."""

MAX_NAME_CHARACTERS = 63

_NAME = re.compile(NAME_PATTERN, re.ASCII)


def is_name(text: str) -> bool:
    """Lower-case letters, digits and dashes, such as sap-emea."""
    return len(text) <= MAX_NAME_CHARACTERS and _NAME.fullmatch(text) is not None
