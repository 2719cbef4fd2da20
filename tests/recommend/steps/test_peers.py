"""Who is at the other ends of sockets and pipes: the commands of the step, run on ends that are known."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from diagnose.capture.base import Process
from diagnose.capture.model import ServiceRecord
from diagnose.recommend.steps.peers import MOST_SHOWN, FindPeers, FindProcesses, TimePeerReads
from tests.helpers.small_capture import SVC
from tests.helpers.step_scene import captured, steps_for

PEER = "import sys; sys.stdin.read()"


def commands(*pids: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the commands of both steps for a service of these processes."""
    processes = [Process(pid=pid, comm="a") for pid in pids]
    service = ServiceRecord(name="svc", cgroup="/dg/svc", cgroup_id=SVC, processes=processes)
    ends, times = steps_for("find-peers", captured().model_copy(update={"service": service}))
    assert isinstance(ends, FindPeers)
    assert isinstance(times, TimePeerReads)
    assert ends.processes == tuple(processes[:MOST_SHOWN])
    assert ends.processes_in_all == len(pids)
    return ends.commands, times.commands


@dataclass(frozen=True)
class Ends:
    """A process that holds the other ends of this one's sockets and pipe."""

    pid: int
    pipe: str
    unix: int
    """The inode of the other end."""


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Yield the ends of a child that inherits one of a Unix pair, one of a TCP connection, and a pipe for writing."""
    near, far = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = socket.create_connection(server.getsockname())
        there = server.accept()[0]
    reading, writing = os.pipe()
    given = (far.fileno(), there.fileno(), writing)
    inode, pipe = os.fstat(far.fileno()).st_ino, Path(f"/proc/self/fd/{reading}").readlink().name
    with near, here, subprocess.Popen([sys.executable, "-c", PEER], stdin=subprocess.PIPE, pass_fds=given) as child:
        far.close()
        there.close()
        os.close(writing)
        yield Ends(child.pid, pipe, inode)
        child.communicate()
    os.close(reading)


def run(command: str) -> list[str]:
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.splitlines()


def test_the_other_end_of_a_pipe_is_found_by_its_inode(ends: Ends) -> None:
    _, pipes, _ = commands(os.getpid())[0]
    found = [line.split() for line in run(pipes) if line.startswith(f"{ends.pipe} ")]
    assert [(mode[1:3], fd.split("/")[2]) for _, mode, fd, *_ in found if fd.split("/")[2] == str(ends.pid)] == [
        ("-w", str(ends.pid))
    ]
    assert any(mode[1:3] == "r-" and fd.split("/")[2] == str(os.getpid()) for _, mode, fd, *_ in found)


@pytest.mark.skipif(shutil.which("ss") is None, reason="needs ss (iproute2)")
def test_the_other_ends_of_sockets_are_named_with_their_process(ends: Ends) -> None:
    sockets = commands(os.getpid())[0][0].partition(" -n ")[2]  # nsenter needs root; the network is this one's anyhow
    found = run(sockets)
    (unix,) = [line for line in found if f"-> inode {ends.unix} " in line]
    (tcp,) = [line for line in found if "-> 127.0.0.1:" in line and f"pid={ends.pid}," in line]
    for line in (unix, tcp):
        near, _, far = line.partition("->")
        assert f"pid={os.getpid()}," in near
        assert f"pid={ends.pid}," in far


@pytest.mark.skipif(shutil.which("lsof") is None, reason="needs lsof")
def test_lsof_names_both_kinds(ends: Ends) -> None:
    found = run(commands(os.getpid())[0][2])
    mine = [line.split() for line in found if f" {os.getpid()} " in line and f" {ends.pid}," in line]
    assert {fields[4] for fields in mine} == {"FIFO", "unix", "IPv4"}


def test_the_service_enters_by_its_first_process_and_all_are_looked_at() -> None:
    (sockets, pipes, both), times = commands(7, 8)
    assert sockets.startswith("nsenter -t 7 -n ss -xtunpH")
    assert "/pid=(7|8),/" in sockets
    assert "/proc/7/fd/* /proc/8/fd/*" in pipes
    assert "-p 7,8 " in both
    assert [line.rpartition(" ")[2] for line in times] == ["7", "8"]


def test_of_many_processes_the_first_are_looked_at() -> None:
    _, times = commands(7, 8, 9, 10)
    assert len(times) == MOST_SHOWN


def test_where_no_process_is_known_the_command_shows_them() -> None:
    (step,) = steps_for("find-peers", captured())
    assert isinstance(step, FindProcesses)
    assert "find /sys/fs/cgroup/dg/svc -name cgroup.procs" in step.commands[0]
