"""Facts that name what a reader acts on: the CPU quota and who uses the CPUs, the limits, the devices written to."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import Device
from diagnose.analysis.facts.cpu import CpuQuota, CpuShortage, CpuUser
from diagnose.analysis.facts.limit import LimitHits, LimitUser, LimitUsers, OwnLimit
from diagnose.analysis.facts.writes import DirtyHeld, DirtyLimits
from diagnose.analysis.limits import Limit
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord, ProbeRecord
from diagnose.capture.surroundings import BlockDevice
from diagnose.capture.tables import BlockRequests
from tests.helpers.small_capture import MIB, SVC, small_capture

DG, BATCH, WORKER, OUTSIDER = 10, 20, 21, 30
CGROUPS = {1: "/", DG: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch", WORKER: "/dg/batch/w1", OUTSIDER: "/else"}
SECOND = 1_000_000
MS = 1_000_000
"""In ns."""


def facts(records: dict[int, dict[str, Any]] | None = None, **changes: Any) -> Facts:
    """Return the facts of a capture of two windows of a second; `records`: fields of cgroups by id."""
    attached = [ProbeRecord(probe=p, attached=True) for p in ("reads", "cgroups", "block")]
    capture = small_capture(**{"cgroups": CGROUPS, "windows": 2, "probes": attached, **changes})
    listed = [CgroupRecord(id=i, path=path, **(records or {}).get(i, {})) for i, path in CGROUPS.items()]
    return Facts(Windows(capture.model_copy(update={"cgroups": listed, "window_seconds": 1.0})))


def cpu(used_us: dict[int, int], throttled_us: int = 0) -> dict[tuple[int, str], list[int | None]]:
    rows: dict[tuple[int, str], list[int | None]] = {(c, "cpu_usage_us"): [0, None, us] for c, us in used_us.items()}
    return {**rows, (SVC, "cpu_throttled_us"): [0, 0, throttled_us]}


def test_the_quota_now_what_was_used_and_what_was_lacking() -> None:
    found = facts(
        {SVC: {"cpu_quota_us": 20_000, "cpu_period_us": 100_000}},
        samples=cpu({SVC: 400_000}, throttled_us=1_000_000),
        cgroup_version=2,
    )
    assert found.value("cpu.quota") == CpuQuota("cpu.max", 100_000, 20_000, used_cpus=0.2, lacked_cpus=0.5)


def test_a_quota_that_was_not_read_is_not_one_that_is_not_set() -> None:
    unread = facts(samples=cpu({}, throttled_us=SECOND), cgroup_version=1)
    assert unread.value("cpu.quota") == CpuQuota("cpu.cfs_quota_us", None, None, used_cpus=None, lacked_cpus=0.5)
    above = facts({SVC: {"cpu_period_us": 100_000}}, cgroup_version=2).value("cpu.quota")
    assert (above.setting, above.period_us, above.quota_us) == ("cpu.max", 100_000, None)


def test_who_uses_the_cpus_is_named_by_the_lowest_cgroup_and_never_the_service_or_what_it_lies_in() -> None:
    used = {1: 4 * SECOND, DG: 3 * SECOND, SVC: SECOND, BATCH: 2 * SECOND, WORKER: 2 * SECOND, OUTSIDER: SECOND // 2}
    users = facts(samples=cpu(used)).value("cpu.users")
    assert users.users == (CpuUser("/dg/batch/w1", 1), CpuUser("/else", 0.25))
    assert (users.own_cpus, users.all_cpus, users.unassigned_cpus, users.host_cpus) == (0.5, 2, 0.25, 8)


def test_the_cpu_time_of_a_job_whose_cgroup_is_recreated_is_that_of_all_its_runs() -> None:
    """Three runs of a second each under one path, beside a neighbour of one and a half: together they used more."""
    made = facts(samples=cpu({SVC: 0, OUTSIDER: SECOND * 3 // 2} | dict.fromkeys((81, 82, 83), SECOND))).windows.capture
    runs = [CgroupRecord(id=i, path="/job") for i in (81, 82, 83)]
    found = Facts(Windows(made.model_copy(update={"cgroups": [*made.cgroups, *runs]})))
    assert found.value("cpu.users").users == (CpuUser("/job", 1.5), CpuUser("/else", 0.75))


def test_without_cpu_times_of_others_nobody_is_named() -> None:
    users = facts(samples=cpu({SVC: SECOND, 1: 2 * SECOND})).value("cpu.users")
    assert (users.users, users.others_read) == ((), False)


def test_others_that_used_hardly_any_are_not_called_unmeasured() -> None:
    users = facts(samples=cpu({SVC: SECOND, 1: SECOND, BATCH: 100})).value("cpu.users")
    assert (users.users, users.others_read, users.own_cpus, users.unassigned_cpus) == ((), True, 0.5, 0)


@pytest.mark.parametrize(
    ("used", "waited_us", "short"),
    [
        (4 * SECOND, 1_900_000, CpuShortage("some", 8, pytest.approx(0.7))),
        (8 * SECOND, 1_080_000, CpuShortage("not-measured", 8)),
        (14_400_000, 2_000_000, CpuShortage("all", 8)),
        (None, 2_000_000, CpuShortage("not-measured", 8)),
        (SECOND, None, CpuShortage("not-measured", 8)),
    ],
)
def test_waiting_while_a_cpu_ran_nothing_is_about_certain_cpus(
    used: int | None, waited_us: int | None, short: CpuShortage
) -> None:
    samples = cpu({SVC: 1}) if used is None else cpu({1: used})
    host = {} if waited_us is None else {"pressure.cpu.some_us": [0, None, waited_us]}
    probes = [ProbeRecord(probe=p, attached=True) for p in ("cgroups", "host")]
    assert facts(samples=samples, host=host, probes=probes).value("cpu.where") == short


@pytest.mark.parametrize(("version", "setting"), [(1, "cpu.shares"), (2, "cpu.weight")])
def test_whose_weight_stands_against_the_services(version: int, setting: str) -> None:
    records = {SVC: {"cpu_weight": 100}, BATCH: {"cpu_weight": 900}}
    weights = facts(records, samples=cpu({BATCH: SECOND}), cgroup_version=version).value("cpu.rival")
    assert weights.setting == setting
    assert [(w.own.path, w.beside.path, w.user, w.cpus) for w in weights.against] == [
        ("/dg/svc", "/dg/batch", "/dg/batch", 0.5)
    ]
    assert facts(samples=cpu({BATCH: SECOND}), cgroup_version=version).value("cpu.rival").against == ()


def test_the_limit_that_was_hit_most_is_named_with_its_users() -> None:
    rows: dict[tuple[int, str], list[int | None]] = {
        (SVC, "limit_hits"): [0, 0, 1],
        (DG, "limit_hits"): [0, 2, 5],
        (DG, "usage_bytes"): [MIB, 90 * MIB, 80 * MIB],
        (BATCH, "usage_bytes"): [MIB, 50 * MIB, MIB],
    }
    limits = {SVC: {"settings": {"memory.max": 64 * MIB}}, DG: {"settings": {"memory.max": 96 * MIB}}}
    found = facts(limits, samples=rows, cgroup_version=2)
    limit = Limit("/dg", DG, "memory.max", 96 * MIB)
    assert found.value("limit.hit_most") == LimitHits(limit, 5, 90 * MIB)
    assert found.value("limit.users") == LimitUsers(limit, (LimitUser("/dg/batch", 50 * MIB),))
    own = Limit("/dg/svc", SVC, "memory.max", 64 * MIB)
    assert found.value("limit.own") == OwnLimit(own, False, ())
    assert found.value("limit.shared") == LimitHits(own, 1, None)
    assert facts({DG: limits[DG]}, samples=rows, cgroup_version=2).value("limit.shared") == LimitHits(
        limit, 5, 90 * MIB
    )
    bare = facts(cgroup_version=2)
    assert bare.value("limit.hit_most") == LimitHits(None, None, None)
    assert bare.value("limit.users") == LimitUsers(None, ())
    assert bare.value("limit.shared") == LimitHits(None, None, None)
    assert bare.value("limit.own") is None


def test_a_limit_hit_within_the_service_is_a_hit_of_its_own_and_of_nobody_above() -> None:
    """A pod and its only container have one limit between them, and the kernel notes the hits at the container."""
    limits = {SVC: {"settings": {"memory.max": 64 * MIB}}, DG: {"settings": {"memory.max": 96 * MIB}}}
    rows: dict[tuple[int, str], list[int | None]] = {(SVC, "limit_hits"): [0, 0, 0], (77, "limit_hits"): [1, 5, 9]}
    made = facts(limits, samples=rows, cgroup_version=2).windows.capture
    inner = CgroupRecord(id=77, path="/dg/svc/container")
    found = Facts(Windows(made.model_copy(update={"cgroups": [*made.cgroups, inner]})))
    assert found.number("limit.hits") == 8
    assert found.value("limit.hit_most") == LimitHits(None, None, None)


def test_whose_writes_the_device_takes_that_the_service_writes_to() -> None:
    requests = BlockRequests(
        window=[0, 0, 1, 1], device=["vda", "vda", "vda", "loop0"], op=["write", "write", "read", "write"],
        cgroup=[SVC, BATCH, BATCH, SVC], requests=[1, 1, 1, 1], bytes=[3 * MIB, MIB, MIB, 9 * MIB],
        queue_ns=[MS, MS, MS, MS // 2], service_ns=[5 * MS, 2 * MS, MS, MS // 2],
    )  # fmt: skip
    found = facts(block_requests=requests)
    assert found.value("block.written_device") == Device("vda")
    assert found.number("block.own_write_share") == 0.75
    assert found.number("block.write_time_share") == (60 + 30) / (60 + 30 + 20)
    pace = found.value("writes.pace")
    assert (pace.device, pace.written_bytes, pace.bytes_per_second) == ("vda", 3 * MIB, 1.5 * MIB)
    assert pace.busy_share_at_most == pytest.approx(0.0055)
    assert pace.may_be_slow is False


def test_how_long_a_device_was_busy_is_not_guessed() -> None:
    one = BlockRequests(
        window=[0], device=["vda"], op=["write"], cgroup=[SVC], requests=[1], bytes=[MIB], queue_ns=[0],
        service_ns=[9000 * MS],
    )  # fmt: skip
    busy = facts(block_requests=one).value("writes.pace")
    assert (busy.busy_share_at_most, busy.may_be_slow) == (1, True)
    for unknown in (
        facts(block_requests=one.model_copy(update={"queue_ns": [None]})),
        facts(block_requests=one, lost={"requests_map_full": 1}),
    ):
        pace = unknown.value("writes.pace")
        assert (pace.written_bytes, pace.busy_share_at_most, pace.may_be_slow) == (MIB, None, None)


def test_what_was_dirty_at_once_counts_what_is_being_written() -> None:
    rows: dict[tuple[int, str], list[int | None]] = {
        (SVC, "dirty_bytes"): [9 * MIB, 2 * MIB, 3 * MIB],
        (SVC, "writeback_bytes"): [9 * MIB, 3 * MIB, MIB],
    }
    assert facts(samples=rows).value("writes.dirty_held") == DirtyHeld(5 * MIB)
    assert facts().value("writes.dirty_held") == DirtyHeld(None)


def test_how_much_may_be_dirty_on_the_device_and_on_the_host() -> None:
    one = BlockRequests(
        window=[0], device=["vda"], op=["write"], cgroup=[SVC], requests=[1], bytes=[MIB], queue_ns=[0], service_ns=[1]
    )
    made = facts(
        block_requests=one,
        devices=[BlockDevice(name="vda", number="254:0", max_dirty_bytes=8 * MIB)],
        probes=[ProbeRecord(probe="host", attached=True)],
    ).windows.capture
    assert Facts(Windows(made)).value("writes.dirty_limits") == DirtyLimits("vda", 8 * MIB, None, ())
    settings = {"vmstat.nr_dirty_threshold": 1000, "vm.dirty_ratio": 20, "vm.dirty_bytes": 0}
    host = made.host.model_copy(update={"settings": settings})
    limits = Facts(Windows(made.model_copy(update={"host": host, "devices": []}))).value("writes.dirty_limits")
    assert limits == DirtyLimits("vda", None, 1000 * made.host.page_bytes, (("vm.dirty_ratio", 20),))
