"""What every store of files does."""

from __future__ import annotations

import pytest

from chalicelib.batches.errors import FileReplaced
from chalicelib.batches.ports import Files


class FilesContract:
    @pytest.fixture
    def files(self) -> Files:
        raise NotImplementedError

    def test_objects_come_back_in_one_piece_and_as_a_stream(self, files: Files) -> None:
        data = bytes(range(256)) * 2000
        etag = files.put("batches/b-1/x", data)
        assert files.get("batches/b-1/x") == data
        stream = files.stream("batches/b-1/x")
        assert stream.etag == etag
        pieces = list(stream.chunks)
        assert len(pieces) > 1
        assert b"".join(pieces) == data

    def test_an_object_that_was_replaced_is_not_read_as_if_it_was_the_same(self, files: Files) -> None:
        etag = files.put("uploads/x", b"one")
        assert b"".join(files.stream("uploads/x", etag).chunks) == b"one"
        files.put("uploads/x", b"two")
        with pytest.raises(FileReplaced):
            files.stream("uploads/x", etag)

    def test_a_version_is_read_although_another_one_replaced_it(self, files: Files) -> None:
        files.put("uploads/x", b"one")
        version = self.latest_version(files, "uploads/x")
        files.put("uploads/x", b"two")
        assert b"".join(files.stream("uploads/x", version=version).chunks) == b"one"
        assert b"".join(files.stream("uploads/x").chunks) == b"two"
        with pytest.raises(FileReplaced):
            files.stream("uploads/y", version=version)

    def latest_version(self, files: Files, key: str) -> str:
        """As the notice of an upload names it."""
        raise NotImplementedError

    def test_an_object_that_is_gone_is_said_to_be(self, files: Files) -> None:
        with pytest.raises(FileReplaced):
            files.stream("uploads/nothing")

    @pytest.mark.parametrize("size", [0, 1000, 20_000_000])
    def test_a_sink_takes_any_size(self, files: Files, size: int) -> None:
        with files.sink("batches/b-1/report.jsonl", "application/x-ndjson") as sink:
            for start in range(0, size, 999_983):
                sink.write(b"x" * min(999_983, size - start))
        assert len(files.get("batches/b-1/report.jsonl")) == size

    def test_a_sink_that_fails_leaves_what_was_there(self, files: Files) -> None:
        files.put("batches/b-1/report.csv", b"old")

        def fail() -> None:
            with files.sink("batches/b-1/report.csv", "text/csv") as sink:
                sink.write(b"x" * 20_000_000)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert files.get("batches/b-1/report.csv") == b"old"

    def test_forms_and_links_name_their_object(self, files: Files) -> None:
        assert files.form("uploads/sap-emea/u-1/orders", 1000).fields["key"] == "uploads/sap-emea/u-1/orders"
        assert "batches/b-1/report.csv" in files.link("batches/b-1/report.csv", "b-1.csv")
