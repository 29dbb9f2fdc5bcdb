"""Every experiment twice: on the adapted local AWS, where it holds, and on bare MiniStack, where it must fail.

When the second kind of test fails, upstream has learned what we taught it: delete the adaptation.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.emulator.aws import LocalAws
from tests.conformance import (
    experiments_api_gateway,
    experiments_cloudformation,
    experiments_events,
    experiments_lambda,
    experiments_step_functions,
)
from tests.conformance.lab import EXPERIMENTS, Experiment, Lab

UNLIKE_AWS = (AssertionError, LookupError, TypeError, ClientError, BotoCoreError)


@pytest.fixture(scope="module")
def adapted() -> Iterator[Lab]:
    with LocalAws(lambda_workers=experiments_lambda.WORKERS) as aws:
        yield Lab(aws)


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    with LocalAws(adapted=False) as aws:
        yield Lab(aws, patience_s=4.5)


def _names() -> list[str]:
    return [experiment.__name__ for _adaptation, experiment in EXPERIMENTS]


@pytest.mark.parametrize(("adaptation", "experiment"), EXPERIMENTS, ids=_names())
def test_the_local_aws_answers_like_aws(adaptation: str, experiment: Experiment, adapted: Lab) -> None:
    experiment(adapted)


@pytest.mark.parametrize(("adaptation", "experiment"), EXPERIMENTS, ids=_names())
def test_upstream_still_needs_the_adaptation(adaptation: str, experiment: Experiment, bare: Lab) -> None:
    try:
        experiment(bare)
    except UNLIKE_AWS:
        return
    pytest.fail(f"upstream fixed {experiment.__name__}: delete adaptation {adaptation}")


@pytest.mark.parametrize(
    "experiment",
    [
        experiments_api_gateway.what_needs_no_adaptation,
        experiments_step_functions.what_needs_no_adaptation,
        experiments_events.what_needs_no_adaptation,
        experiments_cloudformation.what_needs_no_adaptation,
    ],
    ids=lambda experiment: experiment.__module__.rpartition("_")[2],
)
def test_what_needs_no_adaptation(experiment: Callable[[Lab], None], adapted: Lab) -> None:
    experiment(adapted)


def test_every_adaptation_has_its_experiment() -> None:
    """In a process of its own: importing the adaptations starts MiniStack's threads."""
    listing = (
        "from local.emulator.adaptations import ADAPTATIONS\n"
        "for each in ADAPTATIONS: print(each.__module__.rpartition('.')[2] + '.' + each.__name__)"
    )
    found = subprocess.run([sys.executable, "-c", listing], check=True, capture_output=True, text=True).stdout
    listed = {*found.split(), "lambda_functions.bounded_workers"}
    assert listed == {adaptation for adaptation, _experiment in EXPERIMENTS}
