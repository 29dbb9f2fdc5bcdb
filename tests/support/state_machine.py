"""How the drivers of the real state machine read it, where a state is no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def next_task(states: Mapping[str, Any], name: str, handled: str) -> str:
    """The first Task or final state from `name` on, empty at the end. `handled`: HandleFailure's answer."""
    while name and states[name]["Type"] in ("Choice", "Pass"):
        state = states[name]
        if state["Type"] == "Pass":
            name = state["Next"]
            continue
        fitting = (one["Next"] for one in state["Choices"] if one["StringEquals"] == handled)
        name = next(fitting, state["Default"])
    return name
