"""`python -m chalicelib.workflow` prints the order workflow as ASL; `--mermaid` as a diagram."""

from __future__ import annotations

import argparse
import json

from chalicelib.workflow.definition import definition
from chalicelib.workflow.mermaid import mermaid


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chalicelib.workflow", description=__doc__)
    parser.add_argument("--mermaid", action="store_true", help="print the diagram that the README shows")
    parser.add_argument("--kind", choices=("STANDARD", "EXPRESS"), default="STANDARD")
    arguments = parser.parse_args()
    states = definition(lambda function: f"${{{function}}}", arguments.kind)
    print(mermaid(states).rstrip() if arguments.mermaid else json.dumps(states, indent=2))


if __name__ == "__main__":
    main()
