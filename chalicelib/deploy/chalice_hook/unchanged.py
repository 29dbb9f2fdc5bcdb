"""Functions that are already what they should be are left alone.

Chalice uploads the bundle to every function at every deployment (https://github.com/aws/chalice/issues/1842). A
function that did not change would be replaced all the same: it loses its warm execution environments, and a bundle of
some megabytes is sent once per function.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

Update = Callable[..., dict[str, Any]]


def skip_unchanged(update_function: Update, emit: Callable[[str], None]) -> Update:
    """`TypedAWSClient.update_function` of Chalice, which answers without updating where nothing would change."""

    def update(self: Any, **wanted: Any) -> dict[str, Any]:
        found = self._client("lambda").get_function(FunctionName=wanted["function_name"])
        if is_unchanged(wanted, found):
            emit("  unchanged")
            configuration: dict[str, Any] = found["Configuration"]
            return configuration
        return update_function(self, **wanted)

    return update


def is_unchanged(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether the answer of GetFunction shows all that Chalice's update_function would set."""
    there = found["Configuration"]
    vpc = there.get("VpcConfig", {})
    return {
        "function_name": wanted["function_name"],
        "zip_contents": base64.b64encode(hashlib.sha256(wanted["zip_contents"]).digest()).decode(),
        "xray": bool(wanted["xray"]),
        **{key: value for key, value in wanted.items() if key not in ("function_name", "zip_contents", "xray")},
    } == {
        "function_name": there["FunctionName"],
        "zip_contents": there["CodeSha256"],
        "xray": there.get("TracingConfig", {}).get("Mode") == "Active",
        "role_arn": there["Role"],
        "runtime": there["Runtime"],
        "environment_variables": there.get("Environment", {}).get("Variables", {}),
        "tags": found.get("Tags", {}),
        "timeout": there["Timeout"],
        "memory_size": there["MemorySize"],
        "security_group_ids": list(vpc.get("SecurityGroupIds", [])),
        "subnet_ids": list(vpc.get("SubnetIds", [])),
        "layers": [layer["Arn"] for layer in there.get("Layers", [])],
        "architecture": there.get("Architectures", ["x86_64"])[0],
    }
