"""Whether requirements*.txt follow from requirements*.in: complete, pinned, hashed, and naming no registry.

Asks nobody, so it cannot see that a newer version exists; `scripts/lock` is what makes the files.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements", "requirements-dev")
"""Names without their endings, the bundle's first: what both pin must be the same."""

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\Z")


@dataclass
class Pin:
    """One entry of a lock; `direct` if a .in file asks for it."""

    requirement: Requirement
    hashes: int = 0
    direct: bool = False

    @property
    def version(self) -> str:
        """Empty unless exactly one version fits."""
        specifiers = list(self.requirement.specifier)
        return specifiers[0].version if [one.operator for one in specifiers] == ["=="] else ""


@dataclass
class Lock:
    """Pins by canonical name: several if they differ by Python version."""

    pins: dict[str, list[Pin]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def wanted(path: Path) -> dict[str, Requirement]:
    """What a .in file asks for, by canonical name."""
    lines = (line.partition(" #")[0].strip() for line in path.read_text().splitlines())
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def locked(path: Path, asked_by: str) -> Lock:
    """What a .txt file pins, and the lines that do not belong there."""
    lock, pin = Lock(), None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.strip().removesuffix("\\").strip()
        if text.startswith("#"):
            if pin is not None and text.removeprefix("#").removeprefix(" via").strip() == f"-r {asked_by}":
                pin.direct = True
        elif text.startswith("--hash") and pin is not None and _HASH.match(text):
            pin.hashes += 1
        elif text.startswith("-") or "://" in text:
            lock.problems.append(f"{path.name}:{number}: {text.split('=')[0]} does not belong here")
        elif text:
            pin = Pin(Requirement(text))
            lock.pins.setdefault(canonicalize_name(pin.requirement.name), []).append(pin)
    return lock


def problems_of(folder: Path) -> list[str]:
    """Everything that is wrong with the files in the folder, one line each."""
    found: list[str] = []
    shared: dict[str, set[str]] = {}
    for base in LOCKS:
        asked, lock = wanted(folder / f"{base}.in"), locked(folder / f"{base}.txt", f"{base}.in")
        found += lock.problems
        found += [f"{base}.txt: {name} is missing" for name in asked.keys() - lock.pins.keys()]
        for name, pins in lock.pins.items():
            for pin in pins:
                found += [f"{base}.txt: {name}: {problem}" for problem in _problems_of(pin, asked.get(name))]
            versions = {pin.version for pin in pins}
            if shared.setdefault(name, versions) != versions:
                found.append(f"{base}.txt: {name} is pinned differently from {LOCKS[0]}.txt")
    return sorted(found)


def _problems_of(pin: Pin, asked: Requirement | None) -> list[str]:
    found = []
    if not pin.version:
        found.append("no exact version")
    elif asked is not None and not asked.specifier.contains(pin.version, prereleases=True):
        found.append(f"{pin.version} is not {asked.specifier}")
    if not pin.hashes:
        found.append("no hash")
    if pin.direct and asked is None:
        found.append("nobody asks for it any more")
    return found


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    found = problems_of(folder)
    for problem in found:
        print(problem)
    if found:
        print("Run scripts/lock, and commit what it writes.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
