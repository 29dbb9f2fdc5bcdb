"""What goes into the deployment bundle: the poller too, and the same files in the same order for the same sources.

Chalice packs app.py and chalicelib, and no other package of a project (https://github.com/aws/chalice/issues/561).

It packs `__pycache__` too (https://github.com/aws/chalice/issues/1065). Compiled files carry the time of their source
and appear as modules are imported, so that every deployment would find another bundle, build it anew and publish
versions of functions that have not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

BESIDE_CHALICELIB = ("poller",)
"""Packages at the top of the project that Lambda needs."""

Walked = tuple[str, list[str], list[str]]


def reproducible(walk: Callable[..., Iterator[Walked]]) -> Callable[..., Iterator[Walked]]:
    """`OSUtils.walk` of Chalice, through which it finds all files to pack: sorted, without compiled files."""

    def sorted_sources(self: Any, path: str, followlinks: bool = False) -> Iterator[Walked]:
        for folder, folders, files in walk(self, path, followlinks=followlinks):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            yield folder, folders, sorted(files)

    return sorted_sources


def with_packages(files: Callable[..., Iterator[tuple[str, str]]]) -> Callable[..., Iterator[tuple[str, str]]]:
    """The packager's `_iter_app_filenames` of Chalice: (path, name in the bundle) of what is packed, and of what is
    hashed to see whether anything has changed."""

    def with_ours(self: Any, project: str) -> Iterator[tuple[str, str]]:
        yield from files(self, project)
        for package in BESIDE_CHALICELIB:
            for folder, _, names in self._osutils.walk(str(Path(project) / package)):
                for name in names:
                    path = Path(folder) / name
                    yield str(path), path.relative_to(project).as_posix()

    return with_ours
