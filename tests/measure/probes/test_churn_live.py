"""Cgroups and processes that come, go and are replaced while they are watched, on the running kernel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.capture.tables import CgroupSamples
from diagnose.measure.probes.polled_cgroups import PolledCgroups
from tests.helpers.live import MIB, Bench, Worker, bench, cache_of

pytestmark = pytest.mark.kernel

NS_LAST_PID = Path("/proc/sys/kernel/ns_last_pid")
ATTEMPTS = 30
A_FEW_PAGES = 16 << 12

TWICE_THE_SAME_NAME = """
import time
fd = opened("data")
go()
inodes = []
for first, count in ((0, 300), (300, 200)):
    made = directory + "/again"
    os.mkdir(made)
    inodes.append(os.stat(made).st_ino)
    pid = os.fork()
    if not pid:
        with open(made + "/cgroup.procs", "w") as file:
            file.write("0")
        for i in range(first, first + count):
            os.pread(fd, PAGE, i * PAGE)
        os._exit(0)
    os.waitpid(pid, 0)
    for _ in range(100):
        try:
            os.rmdir(made)
            break
        except OSError:
            time.sleep(0.02)
done(inodes[0] << 64 | inodes[1])
"""
WRITES_A_MEGABYTE = """
go()
with open(path("written"), "wb") as file:
    file.write(bytes(1 << 20))
    file.flush()
    os.fsync(file.fileno())
done()
"""


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


def readings(samples: CgroupSamples, cgroup: int) -> list[int]:
    """Return the windows in which a cgroup was read."""
    return [w for w, c in zip(samples.window, samples.cgroup, strict=True) if c == cgroup]


def written_by(samples: CgroupSamples, cgroup: int) -> list[int | None]:
    column = samples.values["io_written_bytes"]
    return [value for value, c in zip(column, samples.cgroup, strict=True) if c == cgroup]


def test_two_cgroups_of_one_name_in_one_capture_are_two(here: Bench) -> None:
    if here.hierarchy.version == 2:
        pytest.skip("v2: a cgroup with processes has no children with a memory controller")
    here.file("data", 500)
    worker = here.worker(here.top, TWICE_THE_SAME_NAME)
    capture = here.measured(here.top, worker)
    first, second = worker.result >> 64, worker.result & (1 << 64) - 1
    assert first != second, "the kernel gives an id once"
    named = {c.id: c.path for c in capture.cgroups}
    assert (named[first], named[second]) == (f"{here.top}/again", f"{here.top}/again")
    assert (cache_of(capture, first, "inserted"), cache_of(capture, second, "inserted")) == (300, 200)


def test_polled_a_replaced_cgroup_does_not_answer_for_the_one_before(here: Bench) -> None:
    service, passing = here.make("/svc"), here.make("/passing")
    old = here.id_of(passing)
    probe = PolledCgroups(here.hierarchy, service)
    probe.poll(-1)
    probe.poll(0)
    here.directory(passing).rmdir()
    probe.poll(1)
    here.make("/passing")
    new = here.id_of(passing)
    probe.poll(2)
    samples = probe.samples(3)
    assert (readings(samples, old), readings(samples, new)) == ([-1, 0], [2])
    assert {c.path for c in probe.records(set()) if c.id in (old, new)} == {passing}


def test_a_reused_pid_does_not_inherit_what_another_process_wrote(here: Bench) -> None:
    service, first, second = here.make("/svc"), here.make("/first"), here.make("/second")
    probe = PolledCgroups(here.hierarchy, service)
    worker = here.worker(first, WRITES_A_MEGABYTE)
    probe.poll(-1)
    worker.act()
    probe.poll(0)
    wanted = worker.process.pid
    worker.end()
    reused = same_pid(here, second, wanted)
    probe.poll(1)
    samples = probe.samples(2)
    assert reused.process.pid == wanted
    before, during, after = written_by(samples, here.id_of(first))
    assert before == 0
    assert MIB <= during <= MIB + A_FEW_PAGES, "metadata of the file counts as well"
    assert after == during, "it keeps its own after its end"
    assert written_by(samples, here.id_of(second)) == [0, 0, 0]


def same_pid(here: Bench, cgroup: str, wanted: int) -> Worker:
    """Start a worker with a certain pid (ns_last_pid says which is the next); skips if others are always faster."""
    if not os.access(NS_LAST_PID, os.W_OK):
        pytest.skip("this kernel does not let a pid be chosen (CONFIG_CHECKPOINT_RESTORE)")
    for _ in range(ATTEMPTS):
        NS_LAST_PID.write_text(str(wanted - 1))
        worker = here.worker(cgroup, "go()\ndone()")
        if worker.process.pid == wanted:
            return worker
        worker.end()
    pytest.skip(f"pid {wanted} went to others {ATTEMPTS} times")
