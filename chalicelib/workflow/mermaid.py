"""The state machine as a Mermaid diagram, for the README."""

from __future__ import annotations

from typing import Any


def mermaid(definition: dict[str, Any]) -> str:
    """A `stateDiagram-v2` of the definition; the Catch edges carry the errors' names."""
    lines = ["stateDiagram-v2", f"    [*] --> {definition['StartAt']}"]
    for name, state in definition["States"].items():
        if "Next" in state:
            lines.append(f"    {name} --> {state['Next']}")
        if state.get("End") or state["Type"] in ("Succeed", "Fail"):
            lines.append(f"    {name} --> [*]")
        for target, label in _edges(state).items():
            lines.append(f"    {name} --> {target}: {label}")
    return "\n".join(lines) + "\n"


def _edges(state: dict[str, Any]) -> dict[str, str]:
    """Target -> label; catchers and choices with the same target share one arrow."""
    edges: dict[str, list[str]] = {}
    for choice in state.get("Choices", []):
        edges.setdefault(choice["Next"], []).append(choice["StringEquals"])
    if "Default" in state:
        edges.setdefault(state["Default"], []).append("else")
    for catcher in state.get("Catch", []):
        errors = ["retries spent" if name == "States.ALL" else name for name in catcher["ErrorEquals"]]
        edges.setdefault(catcher["Next"], []).extend(errors)
    return {target: ", ".join(errors) for target, errors in edges.items()}
