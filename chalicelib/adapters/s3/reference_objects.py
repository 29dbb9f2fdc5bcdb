"""The objects of reference data in S3: conditional reading for the steps, careful writing for the publisher."""

from __future__ import annotations

import base64
import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.aws.errors import aws_errors_translated, http_status
from chalicelib.adapters.s3.reference_files import FORMAT, MAX_FILE_BYTES, DamagedFile

NOT_FOUND = 404
NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What S3 tells about an object without sending it; `sha256` and `count` are empty or 0 if not published by us."""

    etag: str
    size: int
    sha256: str
    count: int


@dataclass(frozen=True, slots=True)
class ReferenceObjects:
    """`reference/<dataset>.json` in one bucket, by an injected client. Raises what `aws_errors_translated` does."""

    client: Any
    bucket: str

    def key(self, name: str) -> str:
        return f"reference/{name}.json"

    def get(self, name: str, known_etag: str = "") -> tuple[str, bytes] | None:
        """ETag and content, or None if the ETag is still `known_etag`. One request.

        Raises DamagedFile for an object that is too large to be one of ours.
        """
        condition = {"IfNoneMatch": known_etag} if known_etag else {}
        with aws_errors_translated("S3"):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=self.key(name), **condition)
            except ClientError as error:
                if known_etag and http_status(error) == NOT_MODIFIED:
                    return None
                raise
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > MAX_FILE_BYTES:
                    raise DamagedFile(f"has {answer['ContentLength']} bytes, more than {MAX_FILE_BYTES}")
                return answer["ETag"], body.read()

    def head(self, name: str) -> StoredObject | None:
        """What is published now; None if nothing is."""
        with aws_errors_translated("S3"):
            try:
                answer = self.client.head_object(Bucket=self.bucket, Key=self.key(name))
            except ClientError as error:
                if http_status(error) == NOT_FOUND:
                    return None
                raise
        metadata = answer["Metadata"]
        count = metadata.get("count", "")
        return StoredObject(
            etag=answer["ETag"],
            size=answer["ContentLength"],
            sha256=metadata.get("sha256", ""),
            count=int(count) if count.isdecimal() else 0,
        )

    def put(self, name: str, content: bytes, sha256: str, count: int) -> str:
        """Store the object, its arrival proved by a checksum; the ETag. `sha256` is the one inside the file."""
        with aws_errors_translated("S3"):
            answer = self.client.put_object(
                Bucket=self.bucket,
                Key=self.key(name),
                Body=content,
                ContentType="application/json",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode("ascii"),
                Metadata={"sha256": sha256, "count": str(count), "format": str(FORMAT)},
            )
        return str(answer["ETag"])
