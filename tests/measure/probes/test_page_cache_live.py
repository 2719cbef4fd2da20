"""Pages that enter the cache, on the running kernel: counted once, by whoever brings them in, large folios in full."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.live import PAGE, Bench, bench, cache_of, cached_pages, reads_by_kind

pytestmark = pytest.mark.kernel

PAGES = 4096


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.mark.guest
def test_a_file_read_from_end_to_end_is_inserted_page_by_page(here: Bench) -> None:
    here.file("data", PAGES)
    code = """
fd = os.open(path("data"), os.O_RDONLY)
go()
while os.read(fd, 1 << 20):
    pass
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    own = here.id_of(here.top)
    assert cache_of(capture, own, "inserted") == PAGES
    # Less what proactive reclaim, where the host has it, has taken since.
    assert PAGES * 0.7 <= cached_pages(here.directory(here.top)) <= PAGES + 8
    if capture.cache.looked_up is not None:
        assert cache_of(capture, own, "looked_up") == pytest.approx(PAGES, rel=0.02)
        assert 0 < cache_of(capture, own, "missed") <= PAGES
    assert reads_by_kind(capture, "looked_up_pages").keys() <= {"hit", "missed"}
    assert sum(reads_by_kind(capture, "looked_up_pages").values()) == PAGES


@pytest.mark.guest
def test_the_two_counters_of_missed_pages_agree_where_nothing_is_read_ahead(here: Bench) -> None:
    here.file("data", 256)
    code = """
fd = opened("data")
go()
for i in range(0, 256, 2):
    os.pread(fd, PAGE, i * PAGE)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert reads_by_kind(capture, "missed_pages") == {"missed": 128}
    if capture.cache.missed is not None:
        assert cache_of(capture, here.id_of(here.top), "missed") == 128
        assert cache_of(capture, here.id_of(here.top), "looked_up") == 128


def test_a_file_read_ahead_as_large_folios_is_not_counted_short(here: Bench) -> None:
    here.file("data", PAGES)
    code = """
fd = os.open(path("data"), os.O_RDONLY)
go()
for start in range(0, 4096, 512):
    libc.readahead(fd, ctypes.c_long(start * PAGE), 512 * PAGE)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert cache_of(capture, here.id_of(here.top), "inserted") == PAGES
    assert reads_by_kind(capture) == {}


def test_what_is_written_is_inserted_and_dirtied(here: Bench) -> None:
    code = """
fd = os.open(path("new"), os.O_CREAT | os.O_RDWR, 0o600)
block = os.urandom(PAGE)
go()
for i in range(512):
    os.pwrite(fd, block, i * PAGE)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    own = here.id_of(here.top)
    # The file's own pages, and a few of the file system's (directory, extents).
    assert 512 <= cache_of(capture, own, "inserted") <= 530
    if capture.cache.dirtied is not None:
        assert 512 <= cache_of(capture, own, "dirtied") <= 560
    if capture.cache.missed is not None:
        assert cache_of(capture, own, "missed") == 0


def test_pages_faulted_in_are_inserted_and_not_looked_up(here: Bench) -> None:
    here.file("data", 512)
    code = """
fd = opened("data")
view = mmap.mmap(fd, 0, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
view.madvise(mmap.MADV_RANDOM)
go()
for i in range(512):
    view[i * PAGE]
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    assert cache_of(capture, here.id_of(here.top), "inserted") == 512
    if capture.cache.looked_up is not None:
        assert cache_of(capture, here.id_of(here.top), "looked_up") == 0
    assert reads_by_kind(capture) == {}


def test_everybody_is_charged_for_what_they_bring_in(here: Bench) -> None:
    service, batch = here.make("/svc"), here.make("/batch")
    here.file("one", 300)
    here.file("two", 700)
    code = """
fd = opened("{name}")
go()
while os.read(fd, PAGE):
    pass
done()
"""
    workers = [here.worker(service, code.format(name="one")), here.worker(batch, code.format(name="two"))]
    capture = here.measured(service, *workers)
    assert cache_of(capture, here.id_of(service), "inserted") == 300
    assert cache_of(capture, here.id_of(batch), "inserted") == 700
    assert reads_by_kind(capture, "missed_pages") == {"missed": 300}


def test_a_file_that_is_read_again_is_looked_up_and_not_missed(here: Bench) -> None:
    here.file("data", 64)
    code = """
fd = opened("data")
go()
warm(fd)
for _ in range(10):
    for i in range(64):
        os.pread(fd, PAGE, i * PAGE)
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    own = here.id_of(here.top)
    assert cache_of(capture, own, "inserted") == 64
    if capture.cache.looked_up is not None:
        assert cache_of(capture, own, "looked_up") == 640
        # At most one: the page that a thread faults in last before it reads is taken for a miss (page_cache.c).
        assert cache_of(capture, own, "missed") <= 1
    assert reads_by_kind(capture, "total_bytes")["hit"] == PAGE * 640


def test_look_ups_are_whose_they_are_where_two_take_turns_on_a_cpu(here: Bench) -> None:
    """What a CPU adds up goes over to the next cgroup in the middle of a window, again and again."""
    one, two = here.make("/one"), here.make("/two")
    here.file("data", 64)
    code = f"""
fd = opened("data")
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
def turn(cgroup, reads):
    with open(cgroup + "/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))
    for i in range(reads):
        os.pread(fd, 4 * PAGE, (i % 16) * 4 * PAGE)
go()
warm(fd)
for _ in range(50):
    turn({str(here.directory(one))!r}, 3)
    turn({str(here.directory(two))!r}, 7)
done()
"""
    capture = here.measured(one, here.worker(one, code))
    assert reads_by_kind(capture) == {"hit": 150}
    if capture.cache.looked_up is not None:
        assert cache_of(capture, here.id_of(one), "looked_up") == 4 * 150
        assert cache_of(capture, here.id_of(two), "looked_up") == 4 * 350
