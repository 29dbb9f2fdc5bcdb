"""Which tests run one after the other on one worker, and in which order the workers take them.

A file stays together, for its fixtures' sake. So do the tests of the one big deployment, and those of the database
servers: a second deployment would cost more than a second worker gains. The deployment takes longest, so one worker
begins with it at once; the other begins with what finds most faults in least time. Then comes what is long, and last
what is short, so that both workers end together.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

DEPLOYMENT, DATABASES = "tests/e2e/", "tests/odbc/"
DEPLOY_THEMSELVES = ("tests/e2e/test_deploy", "tests/e2e/test_package", "tests/e2e/test_locked_bundle")
ORDER = (
    DEPLOYMENT,
    "tests/unit/",
    DATABASES,
    "tests/conformance/",
    *DEPLOY_THEMSELVES,
    "tests/contract/",
    "tests/integration/",
)


def room_of(nodeid: str) -> str:
    """What stays on one worker."""
    if nodeid.startswith(DEPLOYMENT) and not nodeid.startswith(DEPLOY_THEMSELVES):
        return DEPLOYMENT
    return DATABASES if nodeid.startswith(DATABASES) else nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """The place in ORDER; the last one that fits, which says most."""
    return max((place for place, start in enumerate(ORDER) if nodeid.startswith(start)), default=len(ORDER))


class ByRoom(LoadScopeScheduling):  # type: ignore[misc]
    """Work units in the order of collection, which `rank` has made; xdist would begin with the most numerous."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return room_of(nodeid)
