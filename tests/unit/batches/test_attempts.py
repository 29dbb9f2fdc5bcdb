"""The attempts of a batch are bounded: whoever asks for one more is told so, and what to do instead."""

from __future__ import annotations

import pytest

from chalicelib.batches.start import MAX_ATTEMPTS
from chalicelib.domain.errors import Refused
from tests.support.bulk import BulkBench, jsonl, order


def test_a_batch_at_its_last_attempt_says_what_to_do() -> None:
    bench = BulkBench()
    data = jsonl(order(n) for n in range(3))
    batch = bench.split(bench.started(data))
    for attempt in range(1, MAX_ATTEMPTS):
        bench.engine.ended.add((batch.batch_id, attempt))
        batch = bench.service.resume(bench.batch(batch.batch_id))
    assert batch.attempt == MAX_ATTEMPTS
    bench.engine.ended.add((batch.batch_id, MAX_ATTEMPTS))
    before = bench.batch(batch.batch_id)

    with pytest.raises(Refused, match=r"100 attempts, the most allowed; send the orders .* as a file of their own"):
        bench.service.resume(before)
    upload = bench.upload(data)
    assert upload.problem.startswith(f"batch {batch.batch_id} of this content has had 100 attempts")
    assert (bench.batch(batch.batch_id), len(bench.engine.started)) == (before, MAX_ATTEMPTS)


def test_a_batch_that_is_done_at_its_last_attempt_is_done() -> None:
    bench = BulkBench()
    data = jsonl(order(n) for n in range(3))
    batch = bench.split(bench.started(data))
    for attempt in range(1, MAX_ATTEMPTS):
        bench.engine.ended.add((batch.batch_id, attempt))
        batch = bench.service.resume(bench.batch(batch.batch_id))
    bench.run(batch)
    assert bench.started(data).attempt == MAX_ATTEMPTS
