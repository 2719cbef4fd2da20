"""Pages that leave the cache, on the running kernel: who took them, whose they were, and why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.live import MIB, PAGE, Bench, bench, cache_of, cached_pages, evicted, reads_by_kind

pytestmark = pytest.mark.kernel

PAGES = 2048


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.mark.guest
@pytest.mark.parametrize(
    ("act", "cause", "pages"),
    [
        ("os.unlink(path('data')); os.close(fd)", "truncate", PAGES),
        ("os.ftruncate(fd, 0)", "truncate", PAGES),
        ("os.ftruncate(fd, PAGE * 512)", "truncate", PAGES - 512),
        ("os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)", "invalidate", PAGES),
    ],
    ids=["unlink", "truncate", "cut", "fadvise"],
)
def test_pages_given_up_are_told_by_how(here: Bench, act: str, cause: str, pages: int) -> None:
    here.file("data", PAGES)
    code = f"""
fd = os.open(path("data"), os.O_RDWR)
go()
warm(fd)
{act}
done()
"""
    capture = here.measured(here.top, here.worker(here.top, code))
    own = here.id_of(here.top)
    assert evicted(capture, evictor=own, victim=own) == evicted(capture, evictor=own, victim=own, cause=cause)
    # The kernel's own proactive reclaim may have taken a few before.
    assert pages * 0.98 <= evicted(capture, evictor=own, victim=own, cause=cause) <= pages


@pytest.mark.guest
def test_at_its_limit_a_cgroup_evicts_its_own_pages(here: Bench) -> None:
    service = here.make("/svc", limit_bytes=16 * MIB)
    here.file("data", 64 * MIB // PAGE)
    code = """
fd = os.open(path("data"), os.O_RDONLY)
before = blocks()
go()
while os.read(fd, 1 << 20):
    pass
done(blocks() - before)
"""
    worker = here.worker(service, code)
    before = cached_pages(here.directory(service))
    capture = here.measured(service, worker)
    own, total = here.id_of(service), evicted(capture, victim=here.id_of(service))
    inserted = cache_of(capture, own, "inserted")
    # Readahead goes further than the limit allows, so that pages come in more than once: as often as the disk says.
    assert inserted >= 64 * MIB // PAGE
    assert inserted == pytest.approx(worker.result // PAGE, rel=0.01)
    assert evicted(capture, evictor=own, victim=own, cause="memcg-reclaim") >= 0.98 * total, capture.evictions
    # What came in and did not go is still there, says the kernel.
    still_there = cached_pages(here.directory(service)) - before
    assert total == pytest.approx(inserted - still_there, rel=0.05)


@pytest.mark.guest
def test_a_neighbour_below_the_same_limit_evicts_the_service(here: Bench) -> None:
    here.make("/shared", limit_bytes=32 * MIB)
    service, batch = here.make("/shared/svc"), here.make("/shared/batch")
    here.file("hot", 20 * MIB // PAGE)
    here.file("stream", 96 * MIB // PAGE)
    read_all = (
        f'fd = opened("hot")\ngo()\nfor i in range({20 * MIB // PAGE}):\n    os.pread(fd, PAGE, i * PAGE)\ndone()'
    )
    first, again = here.worker(service, read_all), here.worker(service, read_all)
    stream = here.worker(
        batch, 'fd = os.open(path("stream"), os.O_RDONLY)\ngo()\nwhile os.read(fd, 1 << 17):\n    pass\ndone()'
    )
    capture = here.measured(service, first, stream, again)
    ids = {"evictor": here.id_of(batch), "victim": here.id_of(service)}
    taken = evicted(capture, **ids, cause="memcg-reclaim")
    assert taken > 500
    gone = evicted(capture, victim=ids["victim"])
    # Every page is missed the first time, and again if it was gone by then; what goes after that is missed no more.
    hot = 20 * MIB // PAGE
    assert hot + min(taken, hot) * 0.95 <= reads_by_kind(capture)["missed"] <= hot + gone
    if capture.blame is not None:
        blamed = capture.blame.reads
        by_batch = sum(n for e, n in zip(blamed.evictor, blamed.reads, strict=True) if e == ids["evictor"])
        assert by_batch == pytest.approx(taken, rel=0.1)


def test_pages_of_a_child_are_pages_of_that_child(here: Bench) -> None:
    service = here.make("/svc")
    child = here.make("/svc/worker")
    here.file("data", 512)
    code = """
fd = os.open(path("data"), os.O_RDWR)
go()
warm(fd)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
done()
"""
    capture = here.measured(service, here.worker(child, code))
    assert evicted(capture, victim=here.id_of(child), cause="invalidate") == pytest.approx(512, rel=0.02)
    assert evicted(capture, victim=here.id_of(service)) == 0


def test_who_drops_the_pages_of_another_is_the_evictor(here: Bench) -> None:
    owner, dropper = here.make("/owner"), here.make("/dropper")
    here.file("data", 512)
    holding = here.worker(owner, 'fd = opened("data")\ngo()\nwarm(fd)\ndone()')
    dropping = here.worker(
        dropper, 'fd = opened("data")\ngo()\nos.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)\ndone()'
    )
    capture = here.measured(owner, holding, dropping)
    pages = evicted(capture, evictor=here.id_of(dropper), victim=here.id_of(owner), cause="invalidate")
    assert pages == pytest.approx(512, rel=0.02)
