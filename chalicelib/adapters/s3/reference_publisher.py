"""Publishes reference data to S3; what is there already is not sent again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.adapters.s3.reference_files import MAX_FILE_BYTES, ReferenceFile, encode
from chalicelib.adapters.s3.reference_objects import ReferenceObjects
from chalicelib.adapters.s3.reference_records import CUSTOMERS, HOLDS, PRODUCTS, DataSet
from chalicelib.reference_data.publish import Prepared
from chalicelib.reference_data.sources import BadReferenceData, RecordProblem

DATA_SETS: dict[str, DataSet[Any]] = {data_set.name: data_set for data_set in (CUSTOMERS, PRODUCTS, HOLDS)}


class S3ReferencePublisher:
    """reference_data.publish.Publisher.

    Needs s3:GetObject and s3:PutObject, and s3:ListBucket to tell an object that is absent from one that is forbidden.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._objects = ReferenceObjects(client, bucket)

    @property
    def place(self) -> str:
        return f"s3://{self._objects.bucket}/reference/"

    def prepare(self, name: str, records: Iterable[Any]) -> Prepared:
        content = encode(DATA_SETS[name], records)
        if len(content) > MAX_FILE_BYTES:
            message = (
                f"takes {len(content):,} bytes, at most {MAX_FILE_BYTES:,} can be published: leave out what is unsold"
            )
            raise BadReferenceData([RecordProblem(name, "", message)])
        file = ReferenceFile(DATA_SETS[name], content)
        published = self._objects.head(name)
        same = published is not None and (published.sha256, published.size) == (file.sha256, len(content))
        return Prepared(name, file.count, file.sha256, content, published.count if published else None, not same)

    def publish(self, prepared: Prepared) -> None:
        self._objects.put(prepared.name, prepared.content, prepared.sha256, prepared.count)
