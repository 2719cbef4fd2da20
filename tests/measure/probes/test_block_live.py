"""Requests to the disk, on the running kernel: how many, how large, and whose."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from diagnose.capture.model import Capture
from tests.helpers.live import MIB, PAGE, Bench, bench

pytestmark = pytest.mark.kernel

DIRECT = """
fd = os.open(path("data"), os.O_RDONLY | os.O_DIRECT)
buffer = mmap.mmap(-1, 64 << 10)
buffer.write(bytes(64 << 10))
go()
for i in range({count}):
    assert os.preadv(fd, [buffer], i * (64 << 10)) == 64 << 10
done()
"""


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        made.file("data", 16 * MIB // PAGE)
        status = made.here.stat()
        if not os.path.exists(f"/sys/dev/block/{os.major(status.st_dev)}:{os.minor(status.st_dev)}"):  # noqa: PTH110
            pytest.skip("the file system is on no single block device")
        yield made


def submitted(capture: Capture, cgroup: int, op: str, column: str) -> int:
    b = capture.block_requests
    rows = zip(b.cgroup, b.op, getattr(b, column), strict=True)
    return sum(value or 0 for owner, direction, value in rows if (owner, direction) == (cgroup, op))


def test_direct_reads_are_the_requests_of_who_asked_for_them(here: Bench) -> None:
    service, batch = here.make("/svc"), here.make("/batch")
    workers = [here.worker(service, DIRECT.format(count=40)), here.worker(batch, DIRECT.format(count=100))]
    capture = here.measured(service, *workers)
    for cgroup, count in ((service, 40), (batch, 100)):
        own = here.id_of(cgroup)
        assert submitted(capture, own, "read", "bytes") == pytest.approx(count * (64 << 10), abs=4 * PAGE)
        assert submitted(capture, own, "read", "requests") >= count
        assert submitted(capture, own, "read", "service_ns") > 0


def test_the_services_own_requests_have_a_histogram_of_their_own(here: Bench) -> None:
    service, batch = here.make("/svc"), here.make("/batch")
    workers = [here.worker(service, DIRECT.format(count=40)), here.worker(batch, DIRECT.format(count=100))]
    capture = here.measured(service, *workers)
    rows = list(zip(*capture.block_latency.columns().values(), strict=True))
    own = sum(row[-1] for row in rows if row[2:5] == ("read", "service", 1))  # type: ignore[misc]
    others = sum(row[-1] for row in rows if row[2:5] == ("read", "service", 0))  # type: ignore[misc]
    assert own == submitted(capture, here.id_of(service), "read", "requests")
    assert others >= submitted(capture, here.id_of(batch), "read", "requests")


@pytest.mark.guest
def test_buffered_misses_are_requests_of_the_reader(here: Bench) -> None:
    code = """
fd = opened("data")
before = blocks()
go()
for i in range(200):
    os.pread(fd, PAGE, i * PAGE)
done(blocks() - before)
"""
    worker = here.worker(here.top, code)
    capture = here.measured(here.top, worker)
    read = submitted(capture, here.id_of(here.top), "read", "bytes")
    assert read == pytest.approx(200 * PAGE, abs=4 * PAGE)  # and perhaps the file system's own blocks
    assert read == pytest.approx(worker.result, abs=4 * PAGE)


def test_what_is_synced_is_a_request_of_the_writer(here: Bench) -> None:
    code = """
fd = os.open(path("new"), os.O_CREAT | os.O_WRONLY, 0o600)
go()
os.write(fd, os.urandom(4 << 20))
os.fdatasync(fd)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert 4 * MIB <= submitted(capture, here.id_of(here.top), "write", "bytes") <= 5 * MIB


def test_the_device_has_the_name_that_people_know(here: Bench) -> None:
    capture = here.measured(here.top, here.worker(here.top, DIRECT.format(count=5)))
    for device in set(capture.block_requests.device):
        assert os.path.exists(f"/sys/class/block/{device}")  # noqa: PTH110
