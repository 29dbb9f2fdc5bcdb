"""The whole system, deployed once for all end-to-end tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.e2e.deployed import Deployed, deployed, lasting_differences


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """One local AWS, one `chalice deploy --stage local`, one seed. Who breaks things takes `deployed()` for himself.

    After all tests, replay must find no difference between the read model and the events.
    """
    with deployed(tmp_path_factory.mktemp("stack")) as system:
        yield system
        assert not lasting_differences(system), "the read model does not say what the events say"
