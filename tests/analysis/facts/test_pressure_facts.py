"""Facts about delays, stalls, the CPU, swap and what neighbours take, from captures to count on one's fingers."""

from __future__ import annotations

import numpy as np
import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.delays import PeerReads
from diagnose.analysis.facts.demand import Dropper as DropperFact
from diagnose.analysis.facts.demand import Droppers
from diagnose.analysis.windows import Windows
from diagnose.capture.model import ProbeRecord
from diagnose.capture.tables import Dropper, ReadDelays, Stalls
from diagnose.histogram import BINS_PER_OCTAVE, bin_of, lower_edges
from tests.helpers.small_capture import MIB, SVC, small_capture

BATCH, OUTSIDER = 20, 30
SLOW = bin_of(2_000_000)
MIDDLE_NS = float(np.sqrt(lower_edges()[SLOW] * lower_edges()[SLOW + 1]))
OCTAVE = SLOW // BINS_PER_OCTAVE
CGROUPS = {1: "/", 10: "/dg", SVC: "/dg/svc", 12: "/dg/svc/worker", BATCH: "/dg/batch", OUTSIDER: "/else"}


def facts(**changes: object) -> Facts:
    attached = [ProbeRecord(probe=p, attached=True) for p in ("reads", "page-cache", "evictions", "stalls", "cgroups")]
    return Facts(Windows(small_capture(**{"cgroups": CGROUPS, "windows": 2, "probes": attached, **changes})))


MEASURED = facts(
    reads=[(0, "hit", bin_of(500), 900), (0, "hit", SLOW, 10), (1, "direct", SLOW, 30), (0, "socket", SLOW, 5)],
    totals=[
        (0, "hit", 910, 20_000_000, 1, 910, 0),
        (1, "direct", 30, 60_000_000, 1, 0, 0),
        (0, "socket", 5, 10**9, 5, 0, 0),
    ],
    read_delays=ReadDelays(
        window=[0, 0, 1, 0, 0],
        kind=["hit", "direct", "direct", "socket", "hit"],
        octave=[OCTAVE, OCTAVE, OCTAVE, OCTAVE, 1],
        runqueue_ns=[int(10 * MIDDLE_NS), 0, int(10 * MIDDLE_NS), 10**12, 10**12],
        reclaim_ns=[0, int(4 * MIDDLE_NS), 0, 10**12, 10**12],
    ),
    stalls=Stalls(
        window=[0, 1, 1, 0],
        cgroup=[SVC, 12, BATCH, SVC],
        kind=["dirty-throttle", "dirty-throttle", "dirty-throttle", "memcg-reclaim"],
        stalls=[3, 2, 100, 7],
        total_ns=[100_000_000, 300_000_000, 10**10, 50_000_000],
    ),
    samples={
        (SVC, "cpu_periods"): [100, 110, 120],
        (SVC, "cpu_throttled_periods"): [10, 15, 20],
        (SVC, "cpu_throttled_us"): [0, 500_000, 1_000_000],
        (SVC, "refault_anon_pages"): [0, 30, 90],
        (SVC, "refault_file_pages"): [5, 5, 15],
        (SVC, "major_faults"): [0, 1, 7],
    },
    host={"pressure.cpu.some_us": [0, 400_000, 1_000_000], "vmstat.pswpin": [0, 50, 95]},
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("delays.runqueue_share", 20 / 40),
        ("delays.reclaim_share", 4 / 40),
        ("reads.slow_device_share", 30 / 40),
        ("reads.peer_count", 5),
        ("reads.peer_slow_share", 1.0),
        ("stalls.dirty_share", 0.4 / 2),
        ("stalls.dirty_pauses", 5),
        ("stalls.reclaim_share", 0.05 / 2),
        ("stalls.reclaims", 7),
        ("cpu.throttled_periods_share", 0.5),
        ("cpu.throttled_share", 0.5),
        ("cpu.mean_stop", 0.1),
        ("host.cpu_pressure", 0.5),
        ("swap.refaults", 90),
        ("swap.refault_share", 0.9),
        ("swap.major_faults", 7),
        ("swap.host_in", 95),
    ],
)
def test_numbers(name: str, value: float) -> None:
    assert MEASURED.number(name) == pytest.approx(value, rel=1e-3)


def test_sockets_and_pipes_are_told_apart() -> None:
    (sockets,) = MEASURED.value("reads.peer_kinds").kinds
    assert (sockets.kind, sockets.reads, sockets.total_seconds) == ("socket", 5, 1)
    assert sockets.median_ns == pytest.approx(2e6, rel=0.05)
    both = facts(
        reads=[(0, "socket", SLOW, 5), (0, "pipe", SLOW, 7)],
        totals=[(0, "socket", 5, 10**9, 5, 0, 0), (1, "pipe", 7, 3 * 10**9, 7, 0, 0)],
    )
    kinds = both.value("reads.peer_kinds").kinds
    assert [(peer.kind, peer.reads, peer.total_seconds) for peer in kinds] == [("socket", 5, 1), ("pipe", 7, 3)]
    assert facts().value("reads.peer_kinds") == PeerReads(())


def test_peers_take_their_part_of_the_time_in_reads() -> None:
    slow = MEASURED.number("reads.slow_time_share")
    assert slow is not None
    assert MEASURED.number("reads.slow_time_of_all") == pytest.approx(slow * 0.08 / 1.08)


def test_without_a_quota_nothing_is_throttled_and_without_cpu_stat_nothing_is_known() -> None:
    free = facts(samples={(SVC, "cpu_periods"): [0, 0, 0], (SVC, "cpu_throttled_periods"): [0, 0, 0]})
    assert free.number("cpu.throttled_periods_share") == 0
    assert free.number("cpu.throttled_share") is None
    assert free.number("cpu.mean_stop") is None
    assert facts().number("cpu.throttled_periods_share") is None


def waits(*octave_and_ns: tuple[int, int], stop_us: int = 60_000) -> Facts:
    """Return facts of slow hits that waited for a CPU, under a quota that stopped the service ten times."""
    n, octaves, ns = len(octave_and_ns), [o for o, _ in octave_and_ns], [ns for _, ns in octave_and_ns]
    return facts(
        reads=[(0, "hit", bin_of(500), 900), (0, "hit", SLOW, 30)],
        totals=[(0, "hit", 930, 80_000_000, 1, 930, 0)],
        read_delays=ReadDelays(window=[0] * n, kind=["hit"] * n, octave=octaves, runqueue_ns=ns, reclaim_ns=[0] * n),
        samples={(SVC, "cpu_throttled_periods"): [0, 5, 10], (SVC, "cpu_throttled_us"): [0, 0, 10 * stop_us]},
    )


def test_a_wait_belongs_to_the_quota_only_in_reads_long_enough_to_hold_a_stop() -> None:
    short, quarter = bin_of(4_000_000) // 8, bin_of(15_000_000) // 8
    assert waits((short, 900), (quarter, 100)).number("delays.stop_sized_share") == pytest.approx(0.1)
    assert waits((quarter, 100), (quarter + 3, 100)).number("delays.stop_sized_share") == 1.0
    assert waits((quarter - 1, 100)).number("delays.stop_sized_share") == 0.0
    assert waits((1, 10**9)).number("delays.stop_sized_share") is None  # no slow read waited for a CPU


def test_no_task_stands_still_for_longer_than_a_period() -> None:
    capture = waits((OCTAVE, 100), stop_us=900_000).windows.capture
    limited = [record.model_copy(update={"cpu_period_us": 100_000}) for record in capture.cgroups]
    several_cpus = Facts(Windows(capture.model_copy(update={"cgroups": limited})))
    assert several_cpus.number("cpu.mean_stop") == pytest.approx(0.1)


def test_what_was_not_measured_is_unknown() -> None:
    blind = facts(
        read_delays=None, stalls=None, probes=[ProbeRecord(probe="reads", attached=False, reason="gone")]
    )  # fmt: skip
    for name in ("delays.runqueue_share", "delays.reclaim_share", "stalls.dirty_share", "stalls.reclaims",
                 "reads.slow_device_share", "reads.peer_count", "reads.slow_time_of_all", "host.cpu_pressure",
                 "swap.refaults", "swap.refault_share", "swap.host_in"):  # fmt: skip
        assert blind.number(name) is None, name


# ---------------------------------------------------------------- what neighbours take


def squeezed(limit_on: int | None, hits: int | None = None, **more: object) -> Facts:
    """A neighbour takes 10 MiB in each window; the service loses 8 MiB, then 2 MiB; an outsider grows as well."""
    return facts(
        cache=[(0, BATCH, 0, 0, 300, 0), (0, OUTSIDER, 0, 0, 300, 0)],
        evictions=[(0, BATCH, SVC, "memcg-reclaim", 2000), (1, BATCH, BATCH, "direct-reclaim", 1000)],
        samples={
            (SVC, "file_bytes"): [None, 40 * MIB, 38 * MIB],
            (BATCH, "anon_bytes"): [0, 10 * MIB, 20 * MIB],
            (BATCH, "shmem_bytes"): [0, 0, 0],
            (OUTSIDER, "anon_bytes"): [0, 20 * MIB, 10 * MIB],
            (10, "limit_hits"): [None if hits is None else 0, None, hits],
        },
        settings={limit_on: {"memory.max": 64 * MIB}} if limit_on else {},
        **more,
    )


def test_memory_that_a_neighbour_took() -> None:
    made = squeezed(limit_on=10)
    assert made.number("neighbour.memory_growth", "/dg/batch") == 20 * MIB / 4096
    assert made.number("neighbour.growth_share", "/dg/batch") == pytest.approx(0.5)
    assert made.number("neighbour.squeezed_share", "/dg/batch") == 1.0
    assert made.number("neighbour.evicted", "/dg/batch") == 3000
    assert made.number("neighbour.file_inflow_ratio", "/dg/batch") == pytest.approx(0.1)


def test_what_was_lost_in_the_first_window_and_over_a_gap_counts_too() -> None:
    """The cache loses 8 MiB in the first window and 4 MiB over a window that was not read; each time another grows."""
    made = facts(
        windows=4,
        cache=[(0, BATCH, 0, 0, 300, 0)],
        evictions=[(0, BATCH, SVC, "memcg-reclaim", 2000)],
        samples={
            (SVC, "file_bytes"): [40 * MIB, 32 * MIB, 32 * MIB, None, 28 * MIB],
            (BATCH, "anon_bytes"): [0, 6 * MIB, 6 * MIB, None, 9 * MIB],
        },
    )
    assert made.number("neighbour.squeezed_share", "/dg/batch") == pytest.approx((6 + 3) / (8 + 4))


def test_a_fall_does_not_count_against_a_rise() -> None:
    assert squeezed(limit_on=None).number("neighbour.memory_growth", "/else") == 20 * MIB / 4096


def test_who_lives_outside_the_limit_takes_no_room_from_within() -> None:
    made = squeezed(limit_on=10)
    assert made.number("neighbour.squeezed_share", "/else") == 0
    assert made.number("neighbours.growth_share") == pytest.approx(0.5)
    assert squeezed(limit_on=None).number("neighbours.growth_share") == pytest.approx(1.0)


def test_below_a_limit_that_was_not_hit_who_lives_outside_takes_from_the_same_room() -> None:
    """The host was full before: a daemon outside kubepods.slice is as near to a pod as another pod."""
    assert squeezed(limit_on=10, hits=3).number("neighbours.growth_share") == pytest.approx(0.5)
    assert squeezed(limit_on=10, hits=0).number("neighbours.growth_share") == pytest.approx(1.0)


def test_whose_memory_was_not_read_is_unknown() -> None:
    made = facts(cache=[(0, BATCH, 0, 0, 300, 0)])
    assert made.number("neighbour.memory_growth", "/dg/batch") is None
    assert made.number("neighbour.squeezed_share", "/dg/batch") is None


# ---------------------------------------------------------------- on purpose


def test_who_dropped_pages_is_told_by_command_and_cgroup() -> None:
    made = facts(
        evictions=[(0, BATCH, SVC, "drop-caches", 60), (0, SVC, SVC, "invalidate", 20), (0, 1, SVC, "kswapd", 20)],
        droppers=[
            Dropper(cgroup=BATCH, cause="drop-caches", comm="sh", pages=60),
            Dropper(cgroup=77, cause="invalidate", comm="evil\n|x", pages=20),
            Dropper(cgroup=BATCH, cause="proactive", comm="senpai", pages=999),
        ],
    )
    assert made.number("evictions.given_away_share") == 0.8
    assert made.number("evictions.invalidated_share") == 0.2
    assert made.value("evictions.droppers") == Droppers(
        (DropperFact("sh", "/dg/batch", "drop-caches"), DropperFact("evil\n|x", None, "invalidate"))
    )


def test_nobody_seen_dropping() -> None:
    assert facts().value("evictions.droppers") == Droppers(())
    blind = facts(probes=[ProbeRecord(probe="evictions", attached=False, reason="gone")])
    assert blind.value("evictions.droppers") is None
