"""The files of batches in S3: uploads, pages, results and reports, none of them ever held in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.aws.errors import aws_errors_translated, http_status
from chalicelib.batches.errors import FileReplaced
from chalicelib.batches.ports import Stream, UploadForm

CHUNK_BYTES = 256 * 1024
PART_BYTES = 8 * 1024 * 1024
"""Of a multipart upload; S3 wants at least 5 MiB, and at most 10,000 of them: 80 GB."""

FORM_S = 3600
LINK_S = 3600
"""How long an upload form and a download link work; not longer than the function's own credentials."""

_DEPENDENCY = "S3"


@dataclass(frozen=True, slots=True)
class S3Files:
    """batches.ports.Files, in one bucket."""

    client: Any
    bucket: str

    def form(self, key: str, max_bytes: int) -> UploadForm:
        """S3 itself refuses what is larger, or empty. `success_action_status` makes it answer 201 instead of 204."""
        with aws_errors_translated(_DEPENDENCY):
            signed = self.client.generate_presigned_post(
                Bucket=self.bucket,
                Key=key,
                Fields={"success_action_status": "201"},
                Conditions=[{"success_action_status": "201"}, ["content-length-range", 0, max_bytes]],
                ExpiresIn=FORM_S,
            )
        return UploadForm(signed["url"], signed["fields"], FORM_S)

    def link(self, key: str, filename: str) -> str:
        parameters = {
            "Bucket": self.bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{filename}"',
        }
        with aws_errors_translated(_DEPENDENCY):
            return str(self.client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=LINK_S))

    def stream(self, key: str, etag: str = "", version: str = "") -> Stream:
        condition = {**({"IfMatch": etag} if etag else {}), **({"VersionId": version} if version else {})}
        with aws_errors_translated(_DEPENDENCY):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=key, **condition)
            except ClientError as error:
                if http_status(error) in (404, 412):
                    raise FileReplaced from None
                raise
        return Stream(answer["ETag"], _chunks(answer["Body"]))

    def get(self, key: str) -> bytes:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
            return b"".join(_chunks(answer["Body"]))

    def put(self, key: str, data: bytes) -> str:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.put_object(Bucket=self.bucket, Key=key, Body=data)
        return str(answer["ETag"])

    @contextmanager
    def sink(self, key: str, content_type: str) -> Iterator[S3Sink]:
        sink = S3Sink(self.client, {"Bucket": self.bucket, "Key": key}, content_type)
        try:
            yield sink
            sink.finish()
        except BaseException:
            sink.abort()
            raise


@dataclass(slots=True)
class S3Sink:
    """A multipart upload that is begun only when the first part is full; what fits into one is put in one call."""

    client: Any
    place: dict[str, str]
    content_type: str
    upload_id: str = ""
    parts: list[dict[str, Any]] = field(default_factory=list)
    buffer: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) >= PART_BYTES:
            self._send_part()

    def finish(self) -> None:
        if not self.upload_id:
            with aws_errors_translated(_DEPENDENCY):
                self.client.put_object(**self.place, Body=bytes(self.buffer), ContentType=self.content_type)
            return
        if self.buffer:
            self._send_part()
        with aws_errors_translated(_DEPENDENCY):
            self.client.complete_multipart_upload(
                **self.place, UploadId=self.upload_id, MultipartUpload={"Parts": self.parts}
            )

    def abort(self) -> None:
        """What is not aborted here, the bucket's lifecycle removes after some days."""
        if self.upload_id:
            with aws_errors_translated(_DEPENDENCY):
                self.client.abort_multipart_upload(**self.place, UploadId=self.upload_id)

    def _send_part(self) -> None:
        with aws_errors_translated(_DEPENDENCY):
            if not self.upload_id:
                begun = self.client.create_multipart_upload(**self.place, ContentType=self.content_type)
                self.upload_id = begun["UploadId"]
            number = len(self.parts) + 1
            sent = self.client.upload_part(
                **self.place, UploadId=self.upload_id, PartNumber=number, Body=bytes(self.buffer)
            )
        self.parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self.buffer.clear()


@dataclass(frozen=True, slots=True)
class S3Mappings:
    """batches.ports.Mappings: `mappings/<source>/<name>.toml` in the bucket of reference data."""

    client: Any
    bucket: str

    def text(self, source: str, name: str) -> str | None:
        with aws_errors_translated(_DEPENDENCY):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=mapping_key(source, name))
            except ClientError as error:
                if http_status(error) == 404:
                    return None
                raise
            return b"".join(_chunks(answer["Body"])).decode()

    def publish(self, source: str, name: str, text: str) -> str:
        """The key under which it is from now on."""
        key = mapping_key(source, name)
        with aws_errors_translated(_DEPENDENCY):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=text.encode(), ContentType="application/toml")
        return key


def mapping_key(source: str, name: str) -> str:
    return f"mappings/{source}/{name}.toml"


def _chunks(body: Any) -> Iterator[bytes]:
    with closing(body), aws_errors_translated(_DEPENDENCY):
        yield from body.iter_chunks(CHUNK_BYTES)
