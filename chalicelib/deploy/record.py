"""Chalice's record of what it has deployed, shared by everybody who deploys a stage.

Chalice keeps it in .chalice/deployed/<stage>.json of one checkout. Without it, a deployment from another machine (or
from continuous integration) would make a second REST API with another address and fail at event sources that exist.
Here every change of the record goes to the reference bucket too, and whoever deploys begins with the newest one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain.timestamps import format_utc

KEY = "deployment/chalice.json"
RECORDED_AT = "recorded_at"

_NOTHING_THERE = ("404", "NoSuchBucket", "NoSuchKey")


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """`s3` is a client; `file` is where Chalice keeps the record. Raises errors of AWS."""

    s3: Any
    bucket: str
    file: Path

    def fetch(self) -> bool:
        """Replace the file by the shared record if that is newer; whether it was."""
        shared = self._shared()
        if shared is None or shared[RECORDED_AT] <= self.read().get(RECORDED_AT, ""):
            return False
        self._write(shared)
        return True

    def share(self) -> None:
        """Call when Chalice has written the file."""
        record = {**self.read(), RECORDED_AT: format_utc(datetime.now(UTC))}
        self._write(record)
        try:
            self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=json.dumps(record).encode())
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":  # nothing was ever deployed, or all of it is gone
                raise

    def keep_partial(self, resources: Sequence[dict[str, Any]]) -> None:
        """Chalice forgets what it has made if it fails half-way: add that to what was there, for the next attempt."""
        record = {"schema_version": "2.0", "backend": "api", **self.read()}
        made = {resource["name"]: resource for resource in (*record.get("resources", ()), *resources)}
        self._write({**record, "resources": list(made.values())})
        self.share()

    def read(self) -> dict[str, Any]:
        """The record as Chalice sees it; empty if there is none."""
        record: dict[str, Any] = json.loads(self.file.read_text()) if self.file.is_file() else {}
        return record

    def _shared(self) -> dict[str, Any] | None:
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=KEY)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOTHING_THERE:
                return None
            raise
        record: dict[str, Any] = json.loads(body)
        return record

    def _write(self, record: dict[str, Any]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(record, indent=2) + "\n")
