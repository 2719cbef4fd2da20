"""Several culprits: nested ones, ones in another room, ones that need no limit, ones of which nothing is known."""

from __future__ import annotations

import pytest

from diagnose.analysis.neighbours import neighbours
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.capture.tables import BlamedReads, Evictions
from diagnose.recommend.arithmetic import ActiveCache
from diagnose.recommend.change import Change
from diagnose.recommend.effects import Predicted, StaysCached
from diagnose.recommend.floor import Floor
from diagnose.recommend.reasons import Contains, LimitedAlready, NotMeasured, UsesLess
from diagnose.recommend.room import CacheKept, Room
from tests.helpers.recommend_situations import (
    BACKUP,
    BATCH,
    GIB,
    ID,
    PATHS,
    advice,
    limit_on,
    only,
    situation,
    why_none,
)
from tests.helpers.small_capture import MIB, SVC, small_capture
from tests.recommend.test_need import blame

UNIT, SCOPE = "/dg/batch.service", f"/dg/batch.service/docker-{ID}.scope"


def nested() -> Capture:
    """Return a capture in which a unit's own task and a container within the unit evict the service's pages."""
    mib = {10: 1200, SVC: 300, 20: 900, 30: 850}
    return small_capture(
        cgroups={1: "/", 10: "/dg", SVC: "/dg/svc", 20: UNIT, 30: SCOPE},
        windows=3,
        evictions=[(0, 30, SVC, "memcg-reclaim", 9000), (0, 20, SVC, "memcg-reclaim", 1000)],
        samples={(i, "usage_bytes"): [v * MIB] * 4 for i, v in mib.items()}
        | {(i, "anon_bytes"): [50 * MIB] * 4 for i in (20, 30)},
        settings={10: {"memory.max": GIB}},
        cgroup_version=2,
    )


def test_a_container_within_a_culprit_is_contained_with_it_and_counted_once() -> None:
    changes = advice(nested(), "contain-neighbour", culprits={SCOPE: 0.9, UNIT: 0.1})
    assert {c.cgroup for c in changes} == {UNIT}
    (alone,) = {c.value_bytes for c in changes if c.setting == "memory.high"}
    assert alone == int(1024 - 300 - 300 * 0.05) * MIB, "nobody else below the limit: all is left for the unit"


BOX, FIRST, SECOND = f"/dg/docker/{ID}", f"/dg/docker/{ID}/worker-1", f"/dg/docker/{ID}/worker-2"


def workers(evicted: dict[int, int], version: int = 2) -> Capture:
    """Return a capture of a container with two workers in cgroups; `evicted`: the service's pages, by id."""
    mib = {10: 1200, SVC: 300, 50: 900, 51: 500, 52: 400}
    captured = small_capture(
        cgroups={1: "/", 10: "/dg", SVC: "/dg/svc", 50: BOX, 51: FIRST, 52: SECOND},
        windows=3,
        evictions=[(0, who, SVC, "memcg-reclaim", pages) for who, pages in evicted.items()],
        samples={(i, "usage_bytes"): [v * MIB] * 4 for i, v in mib.items()}
        | {(i, "anon_bytes"): [v * MIB] * 4 for i, v in {50: 80, 51: 50, 52: 30}.items()},
        settings={10: {"memory.limit_in_bytes" if version == 1 else "memory.max": GIB}},
        cgroup_version=version,
    )
    records = [c.model_copy(update={"managed_by": "docker"} if c.path == BOX else {}) for c in captured.cgroups]
    return captured.model_copy(update={"cgroups": records})


@pytest.mark.parametrize(
    ("evicted", "named"),
    [
        ({51: 6000, 52: 4000}, {BOX: 1.0}),
        ({51: 9500, 52: 500}, {FIRST: 0.95, SECOND: 0.05}),
        ({51: 500, 52: 9500}, {SECOND: 0.95, FIRST: 0.05}),
        ({50: 1000, 51: 9000}, {FIRST: 0.9, BOX: 0.1}),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_workers_of_one_container_get_one_limit_and_count_once(
    evicted: dict[int, int], named: dict[str, float], version: int
) -> None:
    capture = workers(evicted, version)
    assert {n.path for n in neighbours(Windows(capture))} == set(named), "whom a finding can name"
    first, *backstop = advice(capture, "contain-neighbour", culprits=named)
    assert {c.cgroup for c in (first, *backstop)} == {BOX}
    assert first.setting == ("memory.limit_in_bytes" if version == 1 else "memory.high")
    assert [c.setting for c in backstop] == ([] if version == 1 else ["memory.max"])
    left = 1024 - 300 - 15
    assert first.value_bytes == left * MIB, "what the service and the reserve leave, for the container as a whole"
    least = only(Floor, first.arithmetic)
    assert (least.cgroup, least.held_bytes) == (BOX, 80 * MIB)
    assert evicted_by(first).cgroup == BOX
    assert evicted_by(first).evicted_pages == 10_000


def evicted_by(change: Change) -> Contains:
    assert isinstance(change.reason, Contains)
    return change.reason


def limits(changes: list[Change]) -> dict[str, int | None]:
    return {c.cgroup: c.value_bytes for c in changes if c.setting == "memory.high"}


def test_a_culprit_outside_the_room_takes_no_part_of_it() -> None:
    far = 40
    capture = small_capture(
        cgroups=PATHS | {far: "/far"},
        windows=3,
        evictions=[(0, BATCH, SVC, "memcg-reclaim", 9000), (0, far, SVC, "direct-reclaim", 1000)],
        samples={
            **{(i, "usage_bytes"): [v * MIB] * 4 for i, v in {10: 1024, SVC: 300, BATCH: 700, far: 5000}.items()},
            **{(i, "anon_bytes"): [v * MIB] * 4 for i, v in {BATCH: 50, far: 4000}.items()},
        },
        settings={10: {"memory.max": GIB}},
        host={"meminfo.MemAvailable_bytes": [4 * GIB] * 4},
        cgroup_version=2,
    )
    alone = limits(advice(capture, "contain-neighbour", culprits={"/dg/batch": 0.9}))
    both = limits(advice(capture, "contain-neighbour", culprits={"/dg/batch": 0.9, "/far": 0.1}))
    assert alone["/dg/batch"] is not None
    assert both["/dg/batch"] == alone["/dg/batch"]


def test_only_who_gets_a_limit_is_said_to_be_contained_too() -> None:
    capture = situation(backup=True)
    small = capture.cgroup_samples.values["usage_bytes"]
    rows = [20 * MIB if c == BACKUP else v for c, v in zip(capture.cgroup_samples.cgroup, small, strict=True)]
    samples = capture.cgroup_samples.model_copy(
        update={"values": {**capture.cgroup_samples.values, "usage_bytes": rows}}
    )
    changes = advice(
        capture.model_copy(update={"cgroup_samples": samples}),
        "contain-neighbour",
        culprits={"/dg/batch": 0.6, "/dg/backup": 0.3},
    )
    assert limits(changes)["/dg/backup"] is None
    effect = limit_on(changes, "/dg/batch", "memory.high").effect
    assert isinstance(effect, StaysCached)
    assert effect.contained_too == ()


def test_of_two_culprits_both_must_be_known_to_divide_what_is_left() -> None:
    capture = situation(backup=True, shared_mib=None)
    kept = [
        None if c == BACKUP else v
        for c, v in zip(capture.cgroup_samples.cgroup, capture.cgroup_samples.values["anon_bytes"], strict=True)
    ]
    samples = capture.cgroup_samples.model_copy(
        update={"values": {**capture.cgroup_samples.values, "anon_bytes": kept}}
    )
    changes = advice(
        capture.model_copy(update={"cgroup_samples": samples}),
        "contain-neighbour",
        culprits={"/dg/batch": 0.6, "/dg/backup": 0.3},
    )
    assert set(limits(changes).values()) == {None}
    assert {why_none(change) for change in changes} == {NotMeasured(("/dg/backup",))}


def test_a_limit_that_is_lower_already_is_not_raised_as_a_containment() -> None:
    """memory.high slows a job and stops it not: it may use more than that, and more than what is left for it."""
    settings = {10: {"memory.max": GIB}, BATCH: {"memory.high": 600 * MIB}}
    (change,) = advice(situation(settings=settings), "contain-neighbour")
    assert change.commands == ()
    assert why_none(change) == LimitedAlready(709 * MIB, "memory.high", 600 * MIB, cache_must_go=False)
    lower = advice(situation(settings={**settings, BATCH: {"memory.high": 800 * MIB}}), "contain-neighbour")
    assert limits(lower)["/dg/batch"] == 709 * MIB


def test_where_the_host_was_full_before_the_limit_that_both_lie_below_the_host_is_what_is_divided() -> None:
    """As below kubepods.slice: its limit is not hit, and what lies outside it has filled the host."""
    capture = situation(shared_mib=15 * 1024, batch_mib=9000, available=4 * GIB, service_mib=3000)
    hits = [0 if c == 10 else None for c in capture.cgroup_samples.cgroup]
    values = {**capture.cgroup_samples.values, "limit_hits": hits}
    samples = capture.cgroup_samples.model_copy(update={"values": values})
    unhit = advice(capture.model_copy(update={"cgroup_samples": samples}), "contain-neighbour", "protect-service")
    change = limit_on(unhit, "/dg/batch", "memory.high")
    assert change.arithmetic[0] == Room(16 * GIB, limit=None)
    assert change.value_bytes is not None
    assert change.value_bytes < 2 * GIB, "16 GiB less 3000 MiB, less 12 GiB that cannot be reclaimed"
    assert {c.cgroup for c in unhit if c.setting == "memory.low"} == {"/dg", "/dg/svc"}, "the host's reclaim heeds both"


def on_a_large_host(others_cache_mib: int) -> Capture:
    """Return a host of 16 GiB on which a job of 4 GiB streams, and others keep so much cache; no limits."""
    shrinking = [others_cache_mib + more for more in (300, 200, 100, 0)]
    cached = {SVC: [250] * 4, BATCH: [3900] * 4, 1: [250 + 3900 + others for others in shrinking]}
    return situation(shared_mib=None, batch_mib=4000, available=14 * GIB, file_mib=cached)


def test_on_a_host_that_others_fill_with_cache_a_job_that_streams_is_limited_all_the_same() -> None:
    change = limit_on(advice(on_a_large_host(10_000), "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.value_bytes is not None
    assert 3 * GIB < change.value_bytes < 4000 * MIB, "what it has now, less what the service wants back and a reserve"
    assert only(CacheKept, change.arithmetic) == CacheKept(10_000 * MIB, "/dg/svc")


@pytest.mark.parametrize(
    ("others_cache_mib", "cache_must_go"),
    [(9_000, False), (14_000, True)],
)
def test_where_a_job_fits_beside_the_cache_of_others_or_nobody_does_no_limit_is_made_up(
    others_cache_mib: int, cache_must_go: bool
) -> None:
    """With 14 GiB of it the job would be left less than its floor."""
    (change,) = advice(on_a_large_host(others_cache_mib), "contain-neighbour")
    why = why_none(change)
    assert isinstance(why, UsesLess)
    assert why.cache_must_go == cache_must_go


def test_what_kswapd_removed_is_an_estimate_of_what_the_contained_one_did() -> None:
    evictions = [(0, BATCH, SVC, "direct-reclaim", 9000), (0, 1, SVC, "kswapd", 3000)]
    seen = situation()
    table = Evictions(**dict(zip(Evictions.model_fields, map(list, zip(*evictions, strict=True)), strict=True)))
    guessed = seen.model_copy(update={"evictions": table})
    found = [evicted_by(limit_on(advice(c, "contain-neighbour"), "/dg/batch", "memory.high")) for c in (seen, guessed)]
    assert [(f.evicted_pages, f.apportioned_pages, f.seconds) for f in found] == [(9000, 0, 3), (12_000, 3000, 3)]


def test_shared_memory_of_the_contained_one_leaves_less_for_its_cache_in_use() -> None:
    held = {"active_file_bytes": 400 * MIB, "shmem_bytes": 300 * MIB}
    samples = situation().cgroup_samples
    columns = {key: [v if c == BATCH else None for c in samples.cgroup] for key, v in held.items()}
    capture = situation().model_copy(
        update={"cgroup_samples": samples.model_copy(update={"values": {**samples.values, **columns}})}
    )
    change = limit_on(advice(capture, "contain-neighbour"), "/dg/batch", "memory.high")
    active = only(ActiveCache, change.arithmetic)
    assert active == ActiveCache("/dg/batch", 400 * MIB, 750 * MIB, shares_memory=True, fits=False)


@pytest.mark.parametrize(("known", "ends"), [(True, 10_000), (False, 5_000)])
def test_a_limit_is_not_credited_with_what_a_culprit_takes_that_gets_none(known: bool, ends: int) -> None:
    """The other one lies outside the room, and of its memory nothing may be known."""
    far, reads = 40, 5_000
    waits = BlamedReads(
        window=[0, 0],
        evictor=[BATCH, far],
        cause=["memcg-reclaim", "direct-reclaim"],
        reads=[reads] * 2,
        total_ns=[1, 1],
    )
    capture = small_capture(
        cgroups=PATHS | {far: "/far"},
        windows=3,
        reads=[(0, "hit", 5, 90_000), (0, "missed", 150, 2 * reads)],
        totals=[(0, "hit", 90_000, 1, 1, 90_000, 0), (0, "missed", 2 * reads, 1, 1, 2 * reads, 2 * reads)],
        evictions=[(0, BATCH, SVC, "memcg-reclaim", 9000), (0, far, SVC, "direct-reclaim", 9000)],
        samples={
            **{(i, "usage_bytes"): [v * MIB] * 4 for i, v in {10: 1024, SVC: 300, BATCH: 700, far: 15_000}.items()},
            **{(i, "anon_bytes"): [v * MIB] * 4 for i, v in {BATCH: 50, far: 4000}.items() if known or i != far},
            (SVC, "refault_file_pages"): [0, 2 * reads, 2 * reads, 2 * reads],
        },
        settings={10: {"memory.max": GIB}},
        host={"meminfo.MemAvailable_bytes": [4 * GIB] * 4},
        blame=blame(2 * reads, reads=waits),
        cgroup_version=2,
    )
    changes = advice(capture, "contain-neighbour", culprits={"/dg/batch": 0.5, "/far": 0.5})
    effect = limit_on(changes, "/dg/batch", "memory.high").effect
    assert isinstance(effect, Predicted)
    found = effect.prediction
    assert (found.missed_before, found.missed_after) == (10_000, 10_000 - ends)
    assert effect.contained_too == (("/far",) if known else ())
    assert found.others_reads == (0 if known else 5000)
