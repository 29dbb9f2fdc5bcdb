"""Whatever way a local AWS ends, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.emulator import processes
from local.emulator.aws import HOST, LocalAws, LocalAwsError
from tests.conformance.lab import Lab

SLEEPER = "import time\ndef handler(event, context): time.sleep(event.get('s', 0)); return 'awake'"
OWNER = """
import sys, time
from local.emulator.aws import LocalAws
from tests.conformance.lab import Lab
aws = LocalAws().start()
lab = Lab(aws)
lab.invoke(lab.function("def handler(event, context): return 1"))
print(aws.pid, aws.port, aws.log_file.parent, flush=True)
time.sleep(600)
"""


def wait_until(true: Callable[[], bool], *, within_s: float = 600.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_stop_leaves_no_process_no_port_and_no_file() -> None:
    aws = LocalAws().start()
    lab = Lab(aws)
    function = lab.function(SLEEPER)
    assert lab.invoke(function) == "awake"
    lab.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b'{"s": 30}')
    group, folder = aws.pid, aws.log_file.parent
    assert group is not None
    assert wait_until(lambda: bool(aws.worker_pids()))
    aws.stop()
    assert processes.group_members(group) == []
    assert not processes.port_in_use(HOST, aws.port)
    assert not folder.exists()
    aws.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_the_server_and_its_workers(how: signal.Signals) -> None:
    with LocalAws() as aws:
        lab = Lab(aws)
        lab.invoke(lab.function(SLEEPER))
        group = aws.pid
        assert group is not None
        assert len(aws.worker_pids()) == 1
        os.kill(group, how)
        assert wait_until(lambda: processes.group_members(group) == [])
        assert wait_until(lambda: not processes.port_in_use(HOST, aws.port))


def test_the_server_goes_with_the_process_that_started_it() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, port, folder = owner.stdout.readline().split()
        assert processes.port_in_use(HOST, int(port))
        owner.kill()
    assert wait_until(lambda: processes.group_members(int(pid)) == [])
    assert not processes.port_in_use(HOST, int(port))
    assert not Path(folder).exists()


def test_reset_forgets_everything_and_ends_the_workers() -> None:
    with LocalAws() as aws:
        lab = Lab(aws)
        lab.invoke(lab.function(SLEEPER))
        aws.reset()
        assert lab.client("lambda").list_functions()["Functions"] == []
        assert wait_until(lambda: aws.worker_pids() == [])
        assert lab.invoke(lab.function(SLEEPER)) == "awake"


def test_a_port_in_use_is_refused() -> None:
    with LocalAws() as aws, pytest.raises(LocalAwsError, match="in use"):
        LocalAws(port=aws.port).start()


def test_the_environment_leads_nowhere_else() -> None:
    os.environ["AWS_PROFILE"] = "somebody"
    try:
        environment = LocalAws(port=1).environment()
    finally:
        del os.environ["AWS_PROFILE"]
    assert "AWS_PROFILE" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["PATH"] == os.environ["PATH"]
