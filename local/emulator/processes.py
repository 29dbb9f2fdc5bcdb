"""Process groups and ports: who is left, and the certainty that nobody is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def port_in_use(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def group_members(group_id: int) -> list[int]:
    """Living members of a process group; zombies, which only await their parent, do not count."""
    rows = _proc_rows() if PROC.joinpath("self", "stat").exists() else _ps_rows()
    return [pid for pid, group, state in rows if group == group_id and not state.startswith("Z")]


def end_group(group_id: int, *, within_s: float) -> list[int]:
    """Kill what remains of a process group; returns the members that would not go in time."""
    deadline = time.monotonic() + within_s
    while left := group_members(group_id):
        if time.monotonic() > deadline:
            return left
        with suppress(ProcessLookupError):
            os.killpg(group_id, signal.SIGKILL)
        time.sleep(0.02)
    return []


def has_gone(pid: int, first_parent: int) -> bool:
    """Whether the process `pid`, which we were started for, has ended.

    A parent that was killed stays as a zombie until somebody collects it, but its children are given to another
    parent at once: the change of our own parent is the surer sign.
    """
    if pid == first_parent and os.getppid() != first_parent:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _proc_rows() -> list[tuple[int, int, str]]:
    rows = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = entry.joinpath("stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _parent, group = stat.rpartition(")")[2].split()[:3]
        rows.append((int(entry.name), int(group), state))
    return rows


def _ps_rows() -> list[tuple[int, int, str]]:
    listing = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], check=True, capture_output=True, text=True).stdout
    return [(int(pid), int(group), state) for pid, group, state in map(str.split, listing.splitlines())]
