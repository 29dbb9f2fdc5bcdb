"""Changes the rules one small thing at a time (Cosmic Ray) and names the changes that no test of theirs notices.

    python scripts/mutants.py                                       every room of mutants.toml; hours
    python scripts/mutants.py chalicelib/domain/money.py            one room or module
    python scripts/mutants.py chalicelib/domain --every 7           a sample: each seventh mutant
    python scripts/mutants.py --show chalicelib/domain              how many there are, by module

Works on a copy of what is committed or staged, so the checkout can be worked in meanwhile. A survivor is either given
a test or argued in scripts/mutants.toml. Exit code 1: a survivor that is not argued, or tests that fail by themselves.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONFIG = tomllib.loads((ROOT / "scripts" / "mutants.toml").read_text())

TIMEOUT_S = 120
"""For the tests of one mutant; one that loops for ever counts as noticed."""

PYTEST = "-m pytest -o addopts= --import-mode=importlib -p pytest_timeout -x -q --ff -m 'not slow'"
"""Without the plugins that load by themselves a run begins in half the time. Neighbouring mutants are mostly noticed by
the same test, so the one that failed last goes first."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`was` and `became`: the changed line without its indentation; `became` is empty for a decorator taken away."""

    module: str
    was: str
    became: str

    @property
    def is_argued(self) -> bool:
        return any(
            (one["module"], one["became"], one.get("was", self.was)) == (self.module, self.became, self.was)
            for one in CONFIG["argued"]
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("paths", nargs="*", help="rooms or modules; all rooms of scripts/mutants.toml by default")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try each N-th mutant only")
    parser.add_argument("--show", action="store_true", help="count the mutants, try none")
    options = parser.parse_args()
    failed = False
    for path in options.paths or CONFIG["tests"]:
        tests = next((tests for room, tests in CONFIG["tests"].items() if Path(path).is_relative_to(room)), None)
        if tests is None:
            parser.error(f"{path}: scripts/mutants.toml names no tests for it")
        with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
            failed |= not run(Path(folder), path, tests, options.every, options.show)
    return int(failed)


def run(folder: Path, path: str, tests: list[str], every: int, show: bool) -> bool:
    """Whether every mutant of one room or module was noticed or is argued."""
    subprocess.run(["git", "checkout-index", "--all", f"--prefix={folder}/"], cwd=ROOT, check=True)
    config, session = folder / "cosmic-ray.toml", folder / "session.sqlite"
    config.write_text(
        f'[cosmic-ray]\nmodule-path = ["{path}"]\ntimeout = {TIMEOUT_S}.0\n'
        f'test-command = "{sys.executable} {PYTEST} {" ".join(tests)}"\n[cosmic-ray.distributor]\nname = "local"\n'
    )
    cosmic_ray(folder, "init", config, session)
    print(f"{path}: {select(session, every, folder)}", flush=True)
    if show:
        return True
    if cosmic_ray(folder, "baseline", config) != 0:
        print(f"{path}: its tests fail without any change")
        return False
    cosmic_ray(folder, "exec", config, session)
    survivors = list(survived(session, folder))
    for mutant in survivors:
        print(f"{'argued' if mutant.is_argued else 'SURVIVED'}  {mutant.module}\n  - {mutant.was}\n  + {mutant.became}")
    print(f"{path}: {len(survivors)} survived, {sum(one.is_argued for one in survivors)} of them argued", flush=True)
    return all(mutant.is_argued for mutant in survivors)


def cosmic_ray(folder: Path, *arguments: object) -> int:
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "cosmic_ray.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def select(session: Path, every: int, folder: Path) -> str:
    """Leave out what the configuration excludes, and all but each `every`-th of the rest; what is left, in words."""
    from cosmic_ray.work_db import use_db
    from cosmic_ray.work_item import WorkerOutcome, WorkResult

    operators = re.compile("|".join(CONFIG["exclude-operators"]))
    lines = re.compile("|".join(CONFIG["exclude-lines"]))
    kept: Counter[str] = Counter()
    with use_db(str(session)) as database:
        for number, item in enumerate(sorted(database.pending_work_items, key=_position)):
            [mutation] = item.mutations
            line = (folder / mutation.module_path).read_text().splitlines()[mutation.start_pos[0] - 1]
            if operators.fullmatch(mutation.operator_name) or lines.search(line) or number % every:
                database.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED))
            else:
                kept[mutation.module_path.name] += 1
    return f"{kept.total()} mutants ({', '.join(f'{name} {count}' for name, count in sorted(kept.items()))})"


def _position(item: Any) -> tuple[object, ...]:
    [mutation] = item.mutations
    return mutation.module_path, mutation.start_pos, mutation.operator_name, mutation.occurrence


def survived(session: Path, folder: Path) -> Iterator[Mutant]:
    from cosmic_ray.work_db import use_db
    from cosmic_ray.work_item import TestOutcome

    with use_db(str(session)) as database:
        for item, result in database.completed_work_items:
            if result.test_outcome is TestOutcome.SURVIVED:
                [mutation] = item.mutations
                changed = [line for line in result.diff.splitlines() if re.match(r"[+-](?![+-]{2} )", line)]
                was = " ".join(line[1:].strip() for line in changed if line[0] == "-").strip()
                became = " ".join(line[1:].strip() for line in changed if line[0] == "+").strip()
                yield Mutant(mutation.module_path.as_posix(), was, became)


if __name__ == "__main__":
    sys.exit(main())
