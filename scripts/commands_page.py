"""Writes docs/commands.md from the commands; `--check` only says whether it is fresh."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chalicelib.cli.page import page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "commands.md"


def main() -> int:
    fresh = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
    if "--check" in sys.argv:
        if not fresh:
            print("docs/commands.md is not what the commands say: run python scripts/commands_page.py")
        return int(not fresh)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
