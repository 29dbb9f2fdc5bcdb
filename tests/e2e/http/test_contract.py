"""The deployed API and its OpenAPI document agree: Schemathesis makes the requests, also those that must be refused.

No 5xx, no status, header, media type or field that is not in the document, nothing accepted that the schema forbids,
and nothing refused that it allows but for the rules in `tests/support/contract_run/checks.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.contract_run.run import run
from tests.support.e2e.deployed import Deployed

pytestmark = pytest.mark.e2e

SEED = 20261123


def test_a_few_hundred_requests(stack: Deployed, tmp_path: Path) -> None:
    api = stack.api.stack
    found = run(api.api_url, api.tokens, tmp_path, examples=4, seed=SEED, phases=("examples", "fuzzing", "stateful"))
    assert found.ok, found.failures
    assert found.requests > 200


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_a_hundred_thousand_requests(stack: Deployed, tmp_path: Path) -> None:
    """In rounds, each with a seed of its own."""
    api, made, seed = stack.api.stack, 0, SEED
    while made < 100_000:
        found = run(api.api_url, api.tokens, tmp_path, examples=60, seed=seed)
        assert found.ok, found.failures
        made, seed = made + found.requests, seed + 1
