"""Loading source files: TOML text to a `Source`, with every mistake named at once and how to fix it."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from chalicelib.mapping.rules import disagreements
from chalicelib.mapping.rules import field_sources as field_sources
from poller.errors import InvalidSourceFile, SourceProblem
from poller.source.model import Source

SHIPPED_SOURCES = Path(__file__).resolve().parents[1] / "sources"

_FIXES = {
    "missing": "is missing: add it",
    "extra_forbidden": "is not known here: remove it or correct its name",
}


@dataclass(frozen=True, slots=True)
class LoadedSource:
    """A source and the fingerprint (SHA-256, hex) of the text it came from; `path` is empty for a text."""

    source: Source
    fingerprint: str
    path: str = ""


def parse_source(text: str, name: str = "") -> LoadedSource:
    """A source from TOML text. Raises InvalidSourceFile with every problem found."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSourceFile(name, (SourceProblem("", f"is not TOML: {error}"),)) from error
    try:
        source = Source.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = tuple(SourceProblem(_path(item["loc"]), _FIXES.get(item["type"], item["msg"])) for item in found)
        raise InvalidSourceFile(name, problems) from error
    problems = tuple(_disagreements(source))
    if problems:
        raise InvalidSourceFile(name, problems)
    return LoadedSource(source, hashlib.sha256(text.encode()).hexdigest(), name)


def load_source(path: Path) -> LoadedSource:
    """A source from a file. Raises InvalidSourceFile, also if the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSourceFile(
            path.name, (SourceProblem("", f"cannot be read: {error.__class__.__name__}"),)
        ) from error
    return parse_source(text, path.name)


def load_sources(directory: Path) -> tuple[LoadedSource, ...]:
    """Every `*.toml` of a directory, by name. Raises InvalidSourceFile; two files may not share a source's name."""
    loaded = tuple(load_source(path) for path in sorted(directory.glob("*.toml")))
    seen: dict[str, str] = {}
    for item in loaded:
        other = seen.setdefault(item.source.name, item.path)
        if other != item.path:
            raise InvalidSourceFile(item.path, (SourceProblem("name", f"is already the name of {other}"),))
    return loaded


def _disagreements(source: Source) -> list[SourceProblem]:
    problems = [SourceProblem(*problem) for problem in disagreements(source.order, source.line, source.codes)]
    for table, fields in (("order", source.order), ("line", source.line)):
        for name, spec in field_sources(fields).items():
            if any(part.optional for part in spec.parts):
                problems.append(SourceProblem(f"{table}.{name}.optional", "is for files: a query names its columns"))
    return problems


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
