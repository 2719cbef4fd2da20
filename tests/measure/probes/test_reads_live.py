"""Reads of a known workload, on the running kernel: every one is counted once, as what it is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from diagnose.cgroups.service import Service
from diagnose.measure.battery import Battery
from diagnose.measure.schedule import Plan
from tests.helpers.live import PAGE, WINDOW_SECONDS, Bench, bench, cache_of, reads_by_kind

pytestmark = pytest.mark.kernel

PAGES = 64
EVERY_CALL = """
fd = opened("data")
buffer = bytearray(PAGE)
part = ctypes.create_string_buffer(PAGE)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(part), PAGE)
go()
warm(fd)
for i in range(100):
    os.pread(fd, PAGE, (i % 64) * PAGE)
for i in range(50):
    os.lseek(fd, (i % 64) * PAGE, os.SEEK_SET)
    os.read(fd, PAGE)
for i in range(40):
    os.lseek(fd, (i % 64) * PAGE, os.SEEK_SET)
    os.readv(fd, [buffer])
for i in range(30):
    assert libc.preadv(fd, vector, 1, ctypes.c_long((i % 64) * PAGE)) == PAGE
for i in range(20):
    assert libc.preadv2(fd, vector, 1, ctypes.c_long((i % 64) * PAGE), 0) == PAGE
done()
"""
OTHER_KINDS = """
direct = os.open(path("data"), os.O_RDONLY | os.O_DIRECT)
aligned = mmap.mmap(-1, PAGE)
pipe = os.pipe()
one, two = socket.socketpair()
zero, stat, event = os.open("/dev/zero", os.O_RDONLY), os.open("/proc/self/stat", os.O_RDONLY), os.eventfd(7)
empty = os.open(path("data"), os.O_RDONLY)
os.lseek(empty, 0, os.SEEK_END)
os.set_blocking(pipe[0], False)
written = os.open(path("data"), os.O_WRONLY)
go()
for i in range(25):
    os.preadv(direct, [aligned], i * PAGE)
for i in range(17):
    os.write(pipe[1], b"x")
    os.read(pipe[0], 1)
for i in range(13):
    one.send(b"xyz")
    os.read(two.fileno(), 3)
os.read(zero, 10), os.read(stat, 10), os.read(event, 8)
for i in range(6):
    os.read(empty, 100)
for fd in (pipe[0], written, 9999):
    try:
        os.read(fd, 1)
    except OSError:
        pass
done()
"""
COLD_AND_WARM = """
fd = opened("data")
before = blocks()
go()
for i in range(64):
    os.pread(fd, PAGE, i * PAGE)
for i in range(64):
    os.pread(fd, PAGE, i * PAGE)
done(blocks() - before)
"""


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        made.file("data", PAGES)
        yield made


def test_every_call_is_counted_once(here: Bench) -> None:
    capture = here.measured(here.top, here.worker(here.top, EVERY_CALL))
    assert reads_by_kind(capture) == {"hit": 240}
    assert sum(capture.reads.count) == 240
    assert reads_by_kind(capture, "total_bytes") == {"hit": 240 * PAGE}
    assert reads_by_kind(capture, "looked_up_pages") == {"hit": 240}
    assert reads_by_kind(capture, "missed_pages") == {}


@pytest.mark.guest
def test_what_is_no_cached_file_is_told_apart(here: Bench) -> None:
    capture = here.measured(here.top, here.worker(here.top, OTHER_KINDS))
    assert reads_by_kind(capture) == {"direct": 25, "pipe": 17, "socket": 13, "other": 3, "hit": 6}
    assert reads_by_kind(capture, "total_bytes") == {
        "direct": 25 * PAGE,
        "pipe": 17,
        "socket": 13 * 3,
        "other": 10 + 10 + 8,
    }
    assert reads_by_kind(capture, "looked_up_pages") == {}


@pytest.mark.guest
def test_cold_pages_are_missed_once_and_then_hit(here: Bench) -> None:
    worker = here.worker(here.top, COLD_AND_WARM)
    capture = here.measured(here.top, worker)
    assert reads_by_kind(capture) == {"missed": PAGES, "hit": PAGES}
    assert reads_by_kind(capture, "missed_pages") == {"missed": PAGES}
    assert cache_of(capture, here.id_of(here.top), "inserted") == PAGES
    assert worker.result == PAGES * PAGE


def test_the_file_that_was_waited_for_is_named(here: Bench) -> None:
    capture = here.measured(here.top, here.worker(here.top, COLD_AND_WARM))
    (file,) = (f for f in capture.files if f.missed_reads)
    status = (here.here / "data").stat()
    assert file.path == str(here.here / "data")
    assert file.inode == status.st_ino
    assert file.device == f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    assert file.missed_reads == PAGES
    assert PAGES <= file.slow_reads <= 2 * PAGES


def test_a_read_of_many_pages_counts_them_all(here: Bench) -> None:
    code = """
fd = opened("data")
go()
os.pread(fd, PAGE, 5 * PAGE)
os.pread(fd, 16 * PAGE, 0)
os.pread(fd, 100, 20 * PAGE - 50)
os.pread(fd, 10 * PAGE, 60 * PAGE)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert reads_by_kind(capture) == {"missed": 4}
    assert reads_by_kind(capture, "looked_up_pages") == {"missed": 1 + 16 + 2 + 4}  # the last one ends with the file
    assert reads_by_kind(capture, "missed_pages") == {"missed": 1 + 15 + 2 + 4}


def test_readahead_makes_few_reads_miss_and_inserts_the_whole_file(here: Bench) -> None:
    here.file("large", 2048)
    code = """
fd = os.open(path("large"), os.O_RDONLY)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
go()
while os.read(fd, PAGE):
    pass
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    kinds = reads_by_kind(capture)
    assert kinds["hit"] + kinds["missed"] == 2049  # and one that finds the end
    assert 0 < kinds["missed"] < 2048 / 4
    assert cache_of(capture, here.id_of(here.top), "inserted") == 2048


def test_threads_are_told_apart(here: Bench) -> None:
    code = """
fd = opened("data")
def work():
    for i in range(500):
        os.pread(fd, PAGE, (i % 64) * PAGE)
threads = [threading.Thread(target=work) for _ in range(4)]
go()
warm(fd)
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert reads_by_kind(capture) == {"hit": 2000}


def test_the_service_is_its_subtree_and_nobody_else(here: Bench) -> None:
    service, namesake = here.make("/svc"), here.make("/svc2")
    child, parent = here.make("/svc/workers"), here.top
    grandchild = here.make("/svc/workers/1")
    code = """
fd = opened("data")
go()
warm(fd)
for i in range({count}):
    os.pread(fd, PAGE, 0)
done()
"""
    counts = {service: 1000, child: 200, grandchild: 30, namesake: 4, parent: 5}
    if here.hierarchy.version == 2:  # where a cgroup with children holds no processes
        counts = {grandchild: 30, namesake: 4}
    workers = [here.worker(cgroup, code.format(count=count)) for cgroup, count in counts.items()]
    capture = here.measured(service, *workers)
    assert reads_by_kind(capture) == {"hit": sum(n for c, n in counts.items() if (c + "/").startswith(service + "/"))}


def test_cgroups_far_below_the_service_are_of_it(here: Bench) -> None:
    service = here.make("/svc")
    deep = [here.make("/svc" + "/d" * depth) for depth in range(1, 8)]
    code = """
fd = opened("data")
go()
warm(fd)
for i in range({count}):
    os.pread(fd, PAGE, 0)
done()
"""
    chosen = deep[3:] if here.hierarchy.version == 1 else deep[-1:]
    capture = here.measured(service, *(here.worker(c, code.format(count=10**i)) for i, c in enumerate(chosen)))
    assert reads_by_kind(capture) == {"hit": sum(10**i for i in range(len(chosen)))}


def test_a_wait_for_a_peer_is_a_long_read_of_a_pipe(here: Bench) -> None:
    code = """
end, start = os.pipe()
timer = threading.Timer(0.3, os.write, (start, b"x"))
go()
timer.start()
os.read(end, 1)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert reads_by_kind(capture) == {"pipe": 1}
    assert 0.25e9 < reads_by_kind(capture, "total_ns")["pipe"] < 1.5e9


def test_children_of_a_process_are_of_the_service(here: Bench) -> None:
    code = """
fd = opened("data")
go()
warm(fd)
for _ in range(10):
    pid = os.fork()
    if not pid:
        for i in range(7):
            os.pread(fd, PAGE, 0)
        os._exit(0)
    os.waitpid(pid, 0)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert reads_by_kind(capture) == {"hit": 70}


DIRECT_FOR_EVER = """
import time
fd = os.open(path("data"), os.O_RDONLY | os.O_DIRECT)
aligned = mmap.mmap(-1, PAGE)
os.write(1, b"r")
while True:
    os.preadv(fd, [aligned], 0)
    time.sleep(0.002)
"""


def test_files_are_noted_over_the_very_windows_that_reads_are_counted_in(here: Bench) -> None:
    here.worker(here.top, DIRECT_FOR_EVER)
    plan = Plan(windows=2, window_seconds=WINDOW_SECONDS)
    battery = Battery(Service(here.top, here.top, here.id_of(here.top), ()), here.hierarchy, plan)
    try:
        capture = battery.run(lambda seconds: bool(time.sleep(seconds)), lambda progress: None)
    finally:
        battery.close()
        battery.closing.join()
    noted = sum(file.slow_reads for file in capture.files)
    assert noted > 10
    assert noted == reads_by_kind(capture)["direct"]
