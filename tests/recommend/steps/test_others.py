"""Gentler reclaim, dirty limits, read-ahead, whoever dropped the cache: values, commands, the way back."""

from __future__ import annotations

import pytest

from diagnose.capture.model import ProbeRecord
from diagnose.capture.surroundings import BlockDevice, DamonScheme
from diagnose.capture.tables import Bins, Blame, BlamedReads, BlockRequests, Dropper, ReadFile, Stalls
from diagnose.histogram import bin_of
from tests.helpers.small_capture import MIB, SVC
from tests.helpers.step_scene import BATCH, captured, steps_for

SCHEME = DamonScheme(kdamond=0, context=1, scheme=2, action="pageout", min_age=6, aggregation_us=5_000_000)


def blamed(seconds: float, reads: int, others: int = 0) -> Blame:
    """Return reads of pages that DAMON, and `others` had taken, each read so long after the eviction of its page."""
    age = Bins(bin=[bin_of(int(seconds * 1e9))], count=[reads + others])
    waits = BlamedReads(
        window=[0, 0], evictor=[1, BATCH], cause=["proactive", "memcg-reclaim"], reads=[reads, others],
        total_ns=[reads * 1_000_000, others * 1_000_000],
    )  # fmt: skip
    pages = Bins(bin=[1], count=[reads + others])
    return Blame(reads=waits, age_ns=age, distance_pages=pages, distinct_refaulted_pages=0, examples=[])


def test_damon_waits_as_long_as_the_pages_would_have_needed():
    (step,) = steps_for("gentler-reclaim", captured(damon=[SCHEME], blame=blamed(1.5, 50)))
    file = "/sys/kernel/mm/damon/admin/kdamonds/0/contexts/1/schemes/2/access_pattern/age/min"
    commit = "echo commit > /sys/kernel/mm/damon/admin/kdamonds/0/state"
    assert (step.commands, step.undo) == ([f"echo 7 > {file}", commit], [f"echo 6 > {file}", commit])
    assert "35 s instead of 30 s" in step.says
    assert "first try" not in step.says
    assert "at most the waits of the 50 reads" in step.gain
    assert "(50 ms, 100 % of the time that reads waited for evicted pages)" in step.gain


@pytest.mark.parametrize("age", range(1, 60))
def test_twice_the_age_is_twice_as_many_intervals_whatever_they_are_in_fractions_of_a_second(age):
    scheme = SCHEME.model_copy(update={"min_age": age, "aggregation_us": 100_000})
    (step,) = steps_for("gentler-reclaim", captured(damon=[scheme]))
    assert step.commands[0].startswith(f"echo {2 * age} > ")


@pytest.mark.parametrize(
    ("blame", "refaults", "why"),
    [
        (blamed(1.5, 5), 5, "too few reads waited"),
        (blamed(1.5, 50, others=50), 100, "only 50 % of the reads that waited for evicted pages"),
        (blamed(1.5, 50), 90, "40 of the 90 pages that came back had been evicted before the capture began"),
        (blamed(3, 50), 50, "the capture is too short to tell"),
        (None, 0, "too few reads waited"),
    ],
)
def test_where_the_time_to_the_next_use_is_not_known_the_value_is_called_a_first_try(blame, refaults, why):
    samples = {(SVC, "refault_file_pages"): [0, 0, 0, 0, refaults]}
    cache = [(0, SVC, 0, 0, refaults, 0)]
    (step,) = steps_for("gentler-reclaim", captured(damon=[SCHEME], blame=blame, samples=samples, cache=cache))
    assert "60 s instead of 30 s" in step.says
    assert "first try: which age is enough this capture cannot tell" in step.says
    assert why in step.arithmetic[0]
    assert "not measured" in step.gain


def test_unknown_reclaim_is_looked_for():
    (step,) = steps_for("gentler-reclaim", captured())
    assert not step.undo
    assert "not in this capture" in step.says


def written() -> BlockRequests:
    return BlockRequests(
        window=[0], device=["loop0"], op=["write"], cgroup=[SVC], requests=[9], bytes=[9], queue_ns=[0], service_ns=[9]
    )


def test_a_strict_limit_of_the_device_is_the_one_to_raise():
    device = BlockDevice(name="loop0", number="7:0", max_dirty_bytes=8 * MIB)
    raised, _ = steps_for("dirty-limits", captured(block_requests=written(), devices=[device]))
    assert raised.commands == [f"echo {16 * MIB} > /sys/class/bdi/7:0/max_bytes"]
    assert raised.undo == [f"echo {8 * MIB} > /sys/class/bdi/7:0/max_bytes"]


@pytest.mark.parametrize(
    ("busy_ns", "queue_ns", "said"),
    [
        (400_000_000, 0, "loop0 was idle in at least 90 % of the capture, so that it could take more"),
        (2_400_000_000, 0, "which may be: requests were in flight there in up to 60 % of the capture"),
        (400_000_000, None, "faster than loop0 all the time (not measured)"),
    ],
)
def test_what_more_dirty_pages_can_end_is_told_with_whether_the_device_has_time_for_them(busy_ns, queue_ns, said):
    requests = written().model_copy(update={"service_ns": [busy_ns], "queue_ns": [queue_ns]})
    stalls = Stalls(window=[0], cgroup=[SVC], kind=["dirty-throttle"], stalls=[30], total_ns=[10**9])
    device = BlockDevice(name="loop0", number="7:0", max_dirty_bytes=8 * MIB)
    bare = captured(block_requests=requests, devices=[device], stalls=stalls)
    probes = [*bare.probes, ProbeRecord(probe="stalls", attached=True)]
    raised, _ = steps_for("dirty-limits", bare.model_copy(update={"probes": probes}))
    assert said in raised.says
    assert raised.gain.startswith("at most the 30 pauses, 1 s in all (25 % of the capture)")


def test_else_writeback_begins_at_half_and_what_was_set_comes_back():
    bare = captured(block_requests=written())
    settings = {
        "vm.dirty_background_ratio": 10,
        "vm.dirty_background_bytes": 0,
        "vmstat.nr_dirty_background_threshold": 512,
    }
    host = bare.host.model_copy(update={"settings": settings})
    early, _ = steps_for("dirty-limits", bare.model_copy(update={"host": host}))
    assert early.commands == [f"sysctl -w vm.dirty_background_bytes={MIB}"]
    assert early.undo == ["sysctl -w vm.dirty_background_ratio=10"]
    (shown,) = steps_for("dirty-limits", bare)
    assert shown.commands[0].startswith("sysctl vm.dirty_bytes")


def test_files_are_read_from_within_the_services_cgroup_and_names_are_quoted():
    file = ReadFile(device="7:0", inode=1, path="/srv/a 'b", slow_reads=9, missed_reads=9, total_ns=9)
    (step,) = steps_for("read-ahead", captured(files=[file], cgroup_version=2))
    assert step.commands[-1].endswith("""sh /sys/fs/cgroup/dg/svc/cgroup.procs '/srv/a '"'"'b'""")
    assert not step.undo  # nothing drops what was read ahead and leaves what the service had cached itself
    assert "nothing to undo" in step.says


def test_a_file_whose_path_is_not_whole_is_found_by_its_inode():
    file = ReadFile(device="7:0", inode=12, path="…/a/$(b)", slow_reads=9, missed_reads=9, total_ns=9)
    samples = {(SVC, "file_bytes"): [MIB, MIB, MIB, MIB, 3 * MIB]}
    (step,) = steps_for("read-ahead", captured(files=[file], cgroup_version=2, samples=samples))
    found = '"$(find "$(findmnt -nfo TARGET -S 7:0)" -xdev -inum 12 -print -quit)"'
    assert step.commands[0] == f"ls -lh -- {found}"
    assert step.commands[1].endswith(f"/sys/fs/cgroup/dg/svc/cgroup.procs {found}")
    assert "its cache held 3 MiB" in step.says
    named = file.model_copy(update={"device": "vda; reboot"})
    (step,) = steps_for("read-ahead", captured(files=[named], cgroup_version=2))
    assert step.commands[0] == 'ls -lh -- "$(find / -xdev -inum 12 -print -quit)"'


def test_whoever_dropped_the_cache_is_looked_for_by_what_it_did():
    dropped = Dropper(cgroup=BATCH, cause="drop-caches", comm="sh", pages=9)
    now, later = steps_for("find-dropper", captured(droppers=[dropped]))
    assert any("find /sys/fs/cgroup/dg/batch -name cgroup.procs" in command for command in now.commands)
    assert "drop_caches" in later.commands[0]
    advised = dropped.model_copy(update={"cause": "invalidate"})
    _, later = steps_for("find-dropper", captured(droppers=[advised]))
    assert "fadvise64" in later.commands[0]
