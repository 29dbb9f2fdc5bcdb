"""What a shared library needs: other libraries, and symbol versions of glibc. Read with binutils and ldd."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

GLIBC_LIBRARIES = frozenset(
    """
    ld-linux-x86-64 ld-linux-aarch64 libc libm libpthread libdl librt libresolv libutil libanl libmvec
    libnss_files libnss_dns libBrokenLocale libthread_db libc_malloc_debug
    """.split()  # noqa: SIM905
)
"""Every Lambda runtime has these, in the version that its own programs need: they must never be shipped."""

_LDD_FOUND = re.compile(r"^\s*(?P<name>\S+) => (?P<path>/\S+) \(0x", re.MULTILINE)
_LDD_MISSING = re.compile(r"^\s*(?P<name>\S+) => not found", re.MULTILINE)
_UNDEFINED = re.compile(r"\*UND\*\s+[0-9a-f]+\s+\(?GLIBC_(?P<version>[0-9.]+|PRIVATE)\)?\s+(?P<symbol>\S+)")
_REFERENCE = re.compile(r"^\s+0x\S+ 0x\S+ \d+ GLIBC_(?P<version>\S+)$", re.MULTILINE)
_ARCHITECTURE = re.compile(r"^architecture: (?P<name>[^,]+),", re.MULTILINE)

_NEEDS_BEYOND_NUMBERS = {"ABI_DT_RELR": (2, 36), "PRIVATE": (999,)}
"""A loader without DT_RELR (glibc 2.36) refuses the first; GLIBC_PRIVATE fits only the very glibc it was built with."""


class UnreadableLibrary(Exception):
    """Not a shared library that can be examined; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class GlibcNeed:
    """A version of glibc that a library asks for, with a symbol that it is for (empty: the loader itself)."""

    version: str
    symbol: str

    @property
    def number(self) -> tuple[int, ...]:
        """Comparable: 2.34 is (2, 34)."""
        special = _NEEDS_BEYOND_NUMBERS.get(self.version)
        return special if special is not None else version_number(self.version)

    def __str__(self) -> str:
        return f"GLIBC_{self.version}" + (f" ({self.symbol})" if self.symbol else "")


def version_number(text: str) -> tuple[int, ...]:
    """ "2.34" -> (2, 34)."""
    return tuple(int(part) for part in text.split("."))


def is_glibc(name: str) -> bool:
    """Whether a library name (`libm.so.6`) belongs to glibc."""
    return name.partition(".so")[0] in GLIBC_LIBRARIES


def architecture(library: Path) -> str:
    """As binutils calls it: i386:x86-64, aarch64."""
    found = _ARCHITECTURE.search(_run("objdump", "-f", str(library)))
    if found is None:
        raise UnreadableLibrary(f"{library}: objdump names no architecture")
    return found["name"]


def dependencies(library: Path) -> dict[str, Path]:
    """Every library that it needs, directly or through others, without glibc: name -> file on this machine.

    Raises UnreadableLibrary if one of them is not installed here.
    """
    listing = _run("ldd", str(library))
    missing = [name for name in _LDD_MISSING.findall(listing) if not is_glibc(name)]
    if missing:
        raise UnreadableLibrary(f"{library} needs {', '.join(missing)}, which this machine does not have: install it")
    return {m["name"]: Path(m["path"]).resolve() for m in _LDD_FOUND.finditer(listing) if not is_glibc(m["name"])}


def closure(libraries: Mapping[str, Path]) -> dict[str, Path]:
    """The libraries, under the names given, and all that they need, under the names that the loader looks for."""
    found: dict[str, Path] = {}
    for name, library in libraries.items():
        found[name] = library.resolve()
        found.update({needed: path for needed, path in dependencies(library).items() if needed not in libraries})
    return found


def glibc_needs(library: Path) -> list[GlibcNeed]:
    """Versions of glibc that the loader will insist on, each with every symbol that it is for."""
    return list(needs_in(_run("objdump", "-T", str(library)), _run("objdump", "-p", str(library))))


def needs_in(symbols: str, headers: str) -> Iterator[GlibcNeed]:
    """From the outputs of `objdump -T` and `objdump -p`: a version may be asked for without any symbol."""
    named: set[str] = set()
    for match in _UNDEFINED.finditer(symbols):
        named.add(match["version"])
        yield GlibcNeed(match["version"], match["symbol"])
    for version in _REFERENCE.findall(headers):
        if version not in named:
            yield GlibcNeed(version, "")


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={"LC_ALL": "C"})
    except FileNotFoundError as error:
        raise UnreadableLibrary(f"{command[0]} is not installed: install binutils and libc-bin") from error
    if done.returncode != 0:
        raise UnreadableLibrary(f"{command[-1]}: {(done.stderr or done.stdout).strip()[:200]}")
    return done.stdout
