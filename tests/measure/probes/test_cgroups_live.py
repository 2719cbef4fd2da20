"""Names and memory of cgroups, on the running kernel: also of those that come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from diagnose.capture.model import CgroupRecord
from tests.helpers.live import MIB, PAGE, Bench, bench, cache_of, cached_pages

pytestmark = pytest.mark.kernel


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


def record(records: list[CgroupRecord], path: str) -> CgroupRecord:
    (found,) = (r for r in records if r.path == path)
    return found


def test_a_cgroup_that_came_and_went_keeps_its_name(here: Bench) -> None:
    here.file("data", 600)
    code = """
fd = opened("data")
go()
passing = directory + "/passing"
os.mkdir(passing)
pid = os.fork()
if not pid:
    with open(passing + "/cgroup.procs", "w") as file:
        file.write("0")
    for i in range(600):
        os.pread(fd, PAGE, i * PAGE)
    os._exit(0)
os.waitpid(pid, 0)
inode = os.stat(passing).st_ino
import time
for _ in range(100):
    try:
        os.rmdir(passing)
        break
    except OSError:
        time.sleep(0.02)
done(inode)
"""
    if here.hierarchy.version == 2:
        pytest.skip("v2: a cgroup with processes has no children with a memory controller")
    worker = here.worker(here.top, code)
    capture = here.measured(here.top, worker)
    gone = record(capture.cgroups, f"{here.top}/passing")
    assert gone.id == worker.result
    assert cache_of(capture, gone.id, "inserted") == 600


def test_the_service_and_what_is_above_it_are_on_record_with_their_limits(here: Bench) -> None:
    service = here.make("/svc", limit_bytes=64 * MIB)
    capture = here.measured(service, here.worker(service, "go()\ndone()"))
    setting = "memory.max" if here.hierarchy.version == 2 else "memory.limit_in_bytes"
    own = record(capture.cgroups, service)
    assert own.id == here.id_of(service)
    assert own.settings[setting] == 64 * MIB
    assert record(capture.cgroups, here.top).settings[setting] is None
    assert record(capture.cgroups, "/").id == capture.cgroups[0].id or "/" in {c.path for c in capture.cgroups}


def test_readings_are_what_the_kernel_says(here: Bench) -> None:
    here.file("data", 1000)
    code = """
fd = opened("data")
go()
for i in range(1000):
    os.pread(fd, PAGE, i * PAGE)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    samples, own = capture.cgroup_samples, here.id_of(here.top)
    file_bytes = [
        (window, value)
        for window, cgroup, value in zip(samples.window, samples.cgroup, samples.values["file_bytes"], strict=True)
        if cgroup == own
    ]
    assert file_bytes[0][0] == -1
    assert [window for window, _ in file_bytes[1:]] == list(range(capture.windows))
    first, last = file_bytes[0][1], file_bytes[-1][1]
    assert first is not None
    assert last is not None
    assert last - first == pytest.approx(1000 * PAGE, rel=0.05)
    # Less what proactive reclaim, where the host has it, has taken since.
    assert cached_pages(here.directory(here.top)) * PAGE == pytest.approx(last, rel=0.3)


def test_who_moves_pages_is_watched(here: Bench) -> None:
    service, batch = here.make("/svc"), here.make("/batch")
    here.file("data", 1000)
    code = """
fd = os.open(path("data"), os.O_RDONLY)
go()
while os.read(fd, 1 << 20):
    pass
done()
"""
    capture = here.measured(service, here.worker(batch, code))
    watched = {c for w, c in zip(capture.cgroup_samples.window, capture.cgroup_samples.cgroup, strict=True) if w >= 0}
    assert {here.id_of(service), here.id_of(batch)} <= watched
