"""Puts the workflow's diagram into README.md; `--check` only says whether it is fresh."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chalicelib.workflow.definition import definition
from chalicelib.workflow.mermaid import mermaid

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def main() -> int:
    before = README.read_text()
    diagram = f"```mermaid\n{mermaid(definition(str))}```"
    after, found = BLOCK.subn(lambda _: diagram, before, count=1)
    if not found:
        print("README.md has no ```mermaid block to fill")
        return 1
    if "--check" in sys.argv:
        if after != before:
            print("README.md shows an old workflow: run python scripts/readme_diagram.py")
        return int(after != before)
    README.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
