"""What goes into the deployment bundle: the same files in the same order for the same sources.

Chalice packs `__pycache__` too. Compiled files carry the time of their source and appear as modules are imported, so
that every deployment would find another bundle, build it anew and publish versions of functions that have not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Walked = tuple[str, list[str], list[str]]


def reproducible(walk: Callable[..., Iterator[Walked]]) -> Callable[..., Iterator[Walked]]:
    """`OSUtils.walk` of Chalice, through which it finds all files to pack: sorted, without compiled files."""

    def sorted_sources(self: Any, path: str, followlinks: bool = False) -> Iterator[Walked]:
        for folder, folders, files in walk(self, path, followlinks=followlinks):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            yield folder, folders, sorted(files)

    return sorted_sources
