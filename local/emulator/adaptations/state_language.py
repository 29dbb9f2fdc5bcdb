"""Amazon States Language: definitions that AWS would not accept, and paths that are not there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions

Response = tuple[int, dict[str, str], bytes]

STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_SIMPLE_PATH = re.compile(r"\$\$?((\.[A-Za-z_][\w-]*)|(\[\d+\])|(\['[^']+'\]))*")
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']+)'\]")


def missing_paths() -> None:
    """A path in Parameters or ResultSelector that selects nothing gives null upstream.

    AWS ends the execution with States.Runtime: "The JSONPath '$.x' specified for the field 'y.$' could not be
    found in the input".
    """
    upstream = stepfunctions._resolve_params_obj

    def resolve(template: Any, data: Any, context: Any = None) -> Any:
        if isinstance(template, dict):
            for key, path in template.items():
                if key.endswith(".$") and isinstance(path, str) and _selects_nothing(path, data, context):
                    raise stepfunctions._ExecutionError(
                        "States.Runtime",
                        f"The JSONPath '{path}' specified for the field '{key}' could not be found in the input "
                        f"'{json.dumps(data)}'",
                    )
        return upstream(template, data, context)

    stepfunctions._resolve_params_obj = resolve


def _selects_nothing(path: str, data: Any, context: Any) -> bool:
    """Whether a plain path leads nowhere; anything but names and indexes is left to the evaluator."""
    if not _SIMPLE_PATH.fullmatch(path):
        return False
    current = context if path.startswith("$$") else data
    for name, index, quoted in _STEP.findall(path):
        if index:
            if not isinstance(current, list) or int(index) >= len(current):
                return True
            current = current[int(index)]
        else:
            if not isinstance(current, dict) or (name or quoted) not in current:
                return True
            current = current[name or quoted]
    return False


def checked_definitions() -> None:
    """Any text is accepted as a definition upstream, and ValidateStateMachineDefinition answers OK to all.

    Checked here is the skeleton: JSON, StartAt, types, and that every transition ends somewhere.
    """
    creates, updates = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def create(data: dict[str, Any]) -> Any:
        return _refused(data.get("definition", "")) or creates(data)

    def update(data: dict[str, Any]) -> Any:
        refused = _refused(data["definition"]) if "definition" in data else None
        return refused or updates(data)

    stepfunctions._create_state_machine = create
    stepfunctions._update_state_machine = update
    stepfunctions._validate_state_machine_definition = _validate


def _refused(definition: str) -> Response | None:
    found = list(problems(definition))
    if not found:
        return None
    message = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: " + ", ".join(found) + "'"
    answer: Response = error_response_json("InvalidDefinition", message, 400)
    return answer


def _validate(data: dict[str, Any]) -> Response:
    found = list(problems(data.get("definition", "")))
    diagnostics = [{"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": each} for each in found]
    answer: Response = json_response({"result": "FAIL" if found else "OK", "diagnostics": diagnostics})
    return answer


def problems(definition: str) -> Iterator[str]:
    """What AWS would object to."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        yield f"the definition is not JSON: {error}"
        return
    yield from _machine_problems(machine, "")


def _machine_problems(machine: Any, where: str) -> Iterator[str]:
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        yield f"{where}/States is missing or empty"
        return
    if machine.get("StartAt") not in states:
        yield f"{where}/StartAt names no state"
    for name, state in states.items():
        place = f"{where}/States/{name}"
        kind = state.get("Type")
        if kind not in STATE_TYPES:
            yield f"{place}/Type is {kind!r}"
        elif kind not in ("Choice", "Succeed", "Fail") and ("Next" in state) == bool(state.get("End")):
            yield f"{place} needs either Next or End"
        if kind == "Task" and not state.get("Resource"):
            yield f"{place}/Resource is missing"
        branches = [*state.get("Branches", []), state.get("ItemProcessor"), state.get("Iterator")]
        for branch in filter(None, branches):
            yield from _machine_problems(branch, place)
        for target in _targets(state):
            if target not in states:
                yield f"{place} leads to {target!r}, which is no state"


def _targets(state: dict[str, Any]) -> Iterator[str]:
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, []) if "Next" in rule)
