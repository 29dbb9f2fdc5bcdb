"""Makes .chalice/config.json and .chalice/policies/ from the tables; `python -m chalicelib generate` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chalicelib.deploy.config.functions import FUNCTIONS, Function
from chalicelib.deploy.config.placeholders import ACCOUNT
from chalicelib.deploy.config.stages import STAGES, Stage, unresolved

APP_NAME = "orderbridge"
MINIMUM_COMPRESSION_BYTES = 1024


def generated() -> dict[str, str]:
    """Path below .chalice -> content, of every generated file."""
    files = {"config.json": _json(config())}
    for stage in STAGES.values():
        for function in FUNCTIONS:
            files[policy_path(stage, function)] = _json(function.policy(unresolved(stage)))
    return files


def policy_path(stage: Stage, function: Function) -> str:
    return f"policies/{stage.name}/{function.name}.json"


def config() -> dict[str, Any]:
    """Chalice's configuration; a file per function and stage, so that each gets a role of its own."""
    return {
        "version": "2.0",
        "app_name": APP_NAME,
        "autogen_policy": False,
        "api_gateway_endpoint_type": "REGIONAL",
        "minimum_compression_size": MINIMUM_COMPRESSION_BYTES,
        "xray": True,
        "stages": {stage.name: _stage(stage) for stage in STAGES.values()},
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "api_gateway_stage": stage.api_gateway_stage,
        "log_retention_in_days": stage.log_retention_days,
        "environment_variables": {
            "ORDERBRIDGE_ACCOUNT_ID": ACCOUNT,
            **stage.environment(),
            "POWERTOOLS_LOG_LEVEL": stage.log_level,
            "POWERTOOLS_SERVICE_NAME": APP_NAME,
        },
        "lambda_functions": {function.name: _function(stage, function) for function in FUNCTIONS},
    }


def _function(stage: Stage, function: Function) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "lambda_timeout": function.timeout_s,
        "lambda_memory_size": function.memory_mb,
        "iam_policy_file": policy_path(stage, function),
    }
    if function.environment:
        settings["environment_variables"] = dict(function.environment)
    if stage.reserves_concurrency and function.reserved_concurrency is not None:
        settings["reserved_concurrency"] = function.reserved_concurrency
    return settings


def stale(folder: Path) -> list[str]:
    """Generated files in the .chalice folder that are missing, different, or no longer generated."""
    wanted = generated()
    there = {str(path.relative_to(folder)) for path in folder.glob("policies/**/*.json")}
    changed = {path for path, text in wanted.items() if _read(folder / path) != text}
    return sorted(changed | (there - wanted.keys()))


def write(folder: Path) -> list[str]:
    """Make the .chalice folder fresh; returns what was written or removed."""
    wanted, touched = generated(), stale(folder)
    for path in touched:
        if path in wanted:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(wanted[path])
        else:
            (folder / path).unlink()
    return touched


def _read(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
