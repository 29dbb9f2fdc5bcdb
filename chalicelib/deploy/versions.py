"""Versions of the steps' functions. The workflow invokes the alias `live`, so that a step changes all at once.

A version is immutable: a change of the code or configuration of a function is what the next execution runs only when
the alias moves, and moving it back is the way back. Unchanged functions get no new version; Lambda sees to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.deploy.errors import explained

KEPT_VERSIONS = 5
"""The live one and four to go back to."""


@dataclass(frozen=True, slots=True)
class Versions:
    """`client` is Lambda's; `say` prints a line."""

    client: Any
    emit: Callable[[str], None]

    def publish(self, function: str, alias: str) -> bool:
        """Make the alias point at what the function is now; whether it had to move. Raises DeployError."""
        with explained(f"Publishing a version of {function}"):
            self.client.get_waiter("function_updated_v2").wait(FunctionName=function)
            version = self.client.publish_version(FunctionName=function)["Version"]
            if not self._move(function, alias, version):
                return False
            self.emit(f"Function {function}: {alias} is now version {version}")
            self._prune(function)
            return True

    def _move(self, function: str, alias: str, version: str) -> bool:
        there = {"FunctionName": function, "Name": alias}
        try:
            current = self.client.get_alias(**there)["FunctionVersion"]
        except self.client.exceptions.ResourceNotFoundException:
            self.client.create_alias(**there, FunctionVersion=version)
            return True
        if current == version:
            return False
        self.client.update_alias(**there, FunctionVersion=version)
        return True

    def _prune(self, function: str) -> None:
        """Delete old versions that no alias points at."""
        pages = self.client.get_paginator("list_versions_by_function").paginate(FunctionName=function)
        numbers = sorted(
            int(found["Version"]) for page in pages for found in page["Versions"] if found["Version"] != "$LATEST"
        )
        aliases = self.client.get_paginator("list_aliases").paginate(FunctionName=function)
        in_use = {int(found["FunctionVersion"]) for page in aliases for found in page["Aliases"]}
        for number in numbers[:-KEPT_VERSIONS]:
            if number not in in_use:
                self.client.delete_function(FunctionName=function, Qualifier=str(number))
