"""What a Lambda function can import: its own bundle and what the AWS runtime brings, and nothing else.

MiniStack unpacks the bundle anew for every worker process, into a folder that dies with it, so that every cold
start unpacks and compiles everything; and it runs the function with all packages of the developer's environment,
so that a package missing from the bundle is found all the same. Here a bundle is unpacked once, and a worker's
import path holds the bundle, the standard library, and the SDK that AWS installs beside it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import tempfile
import threading
import zipfile
from pathlib import Path

RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")

_lock = threading.Lock()
_unpacked: dict[str, Path] = {}
_runtime: Path | None = None


def empty_zip() -> bytes:
    """A bundle with nothing in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w"):
        pass
    return buffer.getvalue()


def unpacked(bundle: bytes, sha256: str | None) -> Path:
    """The folder with the bundle's files, shared by every worker that runs this bundle."""
    key = sha256 or hashlib.sha256(bundle).hexdigest()
    with _lock:
        if key not in _unpacked:
            folder = Path(tempfile.mkdtemp(prefix="bundle-"))
            with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
                archive.extractall(folder)
            _unpacked[key] = folder
        return _unpacked[key]


def runtime_packages() -> Path:
    """A folder that holds the SDK as the Lambda runtime does: links to the packages of this environment."""
    global _runtime
    with _lock:
        if _runtime is None:
            _runtime = Path(tempfile.mkdtemp(prefix="runtime-"))
            for name in RUNTIME_PACKAGES:
                spec = importlib.util.find_spec(name)
                if spec is None or spec.origin is None:
                    raise ModuleNotFoundError(f"the Lambda runtime brings {name}, this environment does not")
                origin = Path(spec.origin)
                found = origin.parent if origin.name == "__init__.py" else origin
                (_runtime / found.name).symlink_to(found)
        return _runtime
