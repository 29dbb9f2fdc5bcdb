"""What operators see of groups and jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.api.views.dead_letters import group_view, job_view
from chalicelib.ports import DEAD_LETTER_COUNT_LIMIT, DeadLetterGroup
from chalicelib.recovery.group_jobs import Action, Job
from tests.support.builders import NOW

GROUP = DeadLetterGroup("aaaaaaaaaaaa", "ValidateOrder", "KeyError", "'EUR'", NOW, NOW, 1)
JOB = Job("20261123T101500-x", "aaaaaaaaaaaa", Action.REDRIVE, 20, "anna", "fixed", 1, NOW)


@pytest.mark.parametrize(("count", "stopped"), [(DEAD_LETTER_COUNT_LIMIT - 1, False), (DEAD_LETTER_COUNT_LIMIT, True)])
def test_a_count_that_stopped_says_so(count: int, stopped: bool) -> None:
    assert group_view(replace(GROUP, count=count))["count_is_minimum"] is stopped
    assert job_view(replace(JOB, total=count))["total_is_minimum"] is stopped


def test_a_job_says_how_many_were_set_in_motion_and_how_many_moved_on() -> None:
    view = job_view(replace(JOB, total=9, done=5, refused=4, confirmed=7))
    assert (view["total"], view["done"], view["refused"], view["confirmed"]) == (9, 5, 4, 7)
