"""Facts that name what a reader acts on: the CPU quota and who uses the CPUs, the limits, the devices written to."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord, ProbeRecord
from diagnose.capture.tables import BlockRequests
from tests.helpers.small_capture import MIB, SVC, small_capture

DG, BATCH, WORKER, OUTSIDER = 10, 20, 21, 30
CGROUPS = {1: "/", DG: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch", WORKER: "/dg/batch/w1", OUTSIDER: "/else"}
SECOND = 1_000_000
MS = 1_000_000
"""In ns."""
NO_LIMIT_HIT = "the host's memory, since no memory limit on, in or around the service was seen to be hit"


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
    told = facts(
        {SVC: {"cpu_quota_us": 20_000, "cpu_period_us": 100_000}},
        samples=cpu({SVC: 400_000}, throttled_us=1_000_000),
        cgroup_version=2,
    ).text("cpu.quota")
    assert told == (
        "cpu.max is 20,000 of every 100,000 µs, 0.2 CPUs; it used 0.2 CPUs on average "
        "and would have used at most about 0.7 CPUs without a quota, as far as others leave them"
    )


def test_a_quota_that_was_not_read_is_said_to_be_so_with_the_file_that_shows_it() -> None:
    told = facts(samples=cpu({}, throttled_us=SECOND), cgroup_version=1).text("cpu.quota")
    assert told is not None
    assert "not in this capture (cpu.cfs_quota_us in the service's cgroup shows it)" in told
    assert "about 0.5 CPUs more" in told
    above = facts({SVC: {"cpu_period_us": 100_000}}, cgroup_version=2).text("cpu.quota")
    assert above is not None
    assert "cpu.max of the service itself is not set" in above


def test_who_uses_the_cpus_is_named_by_the_lowest_cgroup_and_never_the_service_or_what_it_lies_in() -> None:
    used = {1: 4 * SECOND, DG: 3 * SECOND, SVC: SECOND, BATCH: 2 * SECOND, WORKER: 2 * SECOND, OUTSIDER: SECOND // 2}
    told = facts(samples=cpu(used)).text("cpu.users")
    assert told is not None
    assert told.startswith("most CPU time was used by /dg/batch/w1 (1 of ")
    assert "/else (0.25 of " in told
    assert "svc" not in told
    assert told.endswith(
        "; all CPU time used came to 2 of 8 CPUs, 0.25 of it by processes in no other cgroup that was read"
    )


def test_the_cpu_time_of_a_job_that_was_made_anew_is_that_of_all_its_runs() -> None:
    """Three runs of a second each under one path, beside a neighbour of one and a half: together they used more."""
    made = facts(samples=cpu({SVC: 0, OUTSIDER: SECOND * 3 // 2} | dict.fromkeys((81, 82, 83), SECOND))).windows.capture
    runs = [CgroupRecord(id=i, path="/job") for i in (81, 82, 83)]
    told = Facts(Windows(made.model_copy(update={"cgroups": [*made.cgroups, *runs]}))).text("cpu.users")
    assert told is not None
    assert told.startswith("most CPU time was used by /job (1.5 of ")
    assert "/else (0.75 of " in told


def test_without_cpu_times_of_others_nobody_is_named() -> None:
    told = facts(samples=cpu({SVC: SECOND, 1: 2 * SECOND})).text("cpu.users")
    assert told is not None
    assert told.startswith("who was not measured")


def test_others_that_used_next_to_nothing_are_not_called_unmeasured() -> None:
    told = facts(samples=cpu({SVC: SECOND, 1: SECOND, BATCH: 100})).text("cpu.users")
    assert told is not None
    assert told.startswith("no other cgroup used as much as 0.01 CPUs; the service itself used 0.5; all CPU time")


@pytest.mark.parametrize(
    ("used", "waited_us", "said"),
    [
        (4 * SECOND, 1_900_000, "so in at least 70 % of the capture a task waited while one of the 8 CPUs ran none"),
        (8 * SECOND, 1_080_000, "whether all CPUs were short or only some was not measured"),
        (14_400_000, 2_000_000, "so that all of the 8 CPUs were short"),
        (None, 2_000_000, "whether all CPUs were short or only some was not measured"),
        (SECOND, None, "whether all CPUs were short or only some was not measured"),
    ],
)
def test_waiting_while_a_cpu_ran_nothing_is_about_certain_cpus(
    used: int | None, waited_us: int | None, said: str
) -> None:
    samples = cpu({SVC: 1}) if used is None else cpu({1: used})
    host = {} if waited_us is None else {"pressure.cpu.some_us": [0, None, waited_us]}
    probes = [ProbeRecord(probe=p, attached=True) for p in ("cgroups", "host")]
    told = facts(samples=samples, host=host, probes=probes).text("cpu.where")
    assert told is not None
    assert said in told
    assert ("which CPUs the service may use was not measured" in told) != ("all of the 8 CPUs" in told)


def test_the_limit_that_was_hit_most_is_named_with_its_users() -> None:
    rows: dict[tuple[int, str], list[int | None]] = {
        (SVC, "limit_hits"): [0, 0, 1],
        (DG, "limit_hits"): [0, 2, 5],
        (DG, "usage_bytes"): [MIB, 90 * MIB, 80 * MIB],
        (BATCH, "usage_bytes"): [MIB, 50 * MIB, MIB],
    }
    limits = {SVC: {"settings": {"memory.max": 64 * MIB}}, DG: {"settings": {"memory.max": 96 * MIB}}}
    found = facts(limits, samples=rows, cgroup_version=2)
    assert found.text("limit.hit_most") == "memory.max of /dg (96 MiB), hit 5 times"
    assert found.text("limit.users") == "also below it: /dg/batch (up to 50 MiB)"
    bare = facts(cgroup_version=2)
    assert bare.text("limit.hit_most") == NO_LIMIT_HIT
    assert bare.text("limit.shared") == "no memory limit lies around it, so what it shares is the host's memory"


def test_a_limit_hit_within_the_service_is_a_hit_of_its_own_and_of_nobody_above() -> None:
    """A pod and its only container have one limit between them, and the kernel notes the hits at the container."""
    limits = {SVC: {"settings": {"memory.max": 64 * MIB}}, DG: {"settings": {"memory.max": 96 * MIB}}}
    rows: dict[tuple[int, str], list[int | None]] = {(SVC, "limit_hits"): [0, 0, 0], (77, "limit_hits"): [1, 5, 9]}
    made = facts(limits, samples=rows, cgroup_version=2).windows.capture
    inner = CgroupRecord(id=77, path="/dg/svc/container")
    found = Facts(Windows(made.model_copy(update={"cgroups": [*made.cgroups, inner]})))
    assert found.number("limit.hits") == 8
    assert found.text("limit.hit_most") == NO_LIMIT_HIT


def test_whose_writes_the_device_takes_that_the_service_writes_to() -> None:
    requests = BlockRequests(
        window=[0, 0, 1, 1], device=["vda", "vda", "vda", "loop0"], op=["write", "write", "read", "write"],
        cgroup=[SVC, BATCH, BATCH, SVC], requests=[1, 1, 1, 1], bytes=[3 * MIB, MIB, MIB, 9 * MIB],
        queue_ns=[MS, MS, MS, MS // 2], service_ns=[5 * MS, 2 * MS, MS, MS // 2],
    )  # fmt: skip
    found = facts(block_requests=requests)
    assert found.text("block.written_device") == "vda"
    assert found.number("block.own_write_share") == 0.75
    assert found.number("block.write_time_share") == (60 + 30) / (60 + 30 + 20)
    pace = found.text("writes.pace")
    assert pace is not None
    assert pace.startswith("3 MiB, 1.5 MiB a second; vda had requests in flight in at most 0.55 % of the capture")


def test_how_long_a_device_was_busy_is_not_guessed() -> None:
    one = BlockRequests(
        window=[0], device=["vda"], op=["write"], cgroup=[SVC], requests=[1], bytes=[MIB], queue_ns=[0],
        service_ns=[9000 * MS],
    )  # fmt: skip
    busy = facts(block_requests=one).text("writes.pace")
    assert busy is not None
    assert "in up to 100 % of the capture, so that it may be its pace" in busy
    for unknown in (
        facts(block_requests=one.model_copy(update={"queue_ns": [None]})),
        facts(block_requests=one, lost={"requests_map_full": 1}),
    ):
        assert (
            unknown.text("writes.pace") == "1 MiB, 512 KiB a second; how much of the time vda was busy was not measured"
        )


def test_what_was_dirty_at_once_counts_what_is_being_written() -> None:
    rows: dict[tuple[int, str], list[int | None]] = {
        (SVC, "dirty_bytes"): [9 * MIB, 2 * MIB, 3 * MIB],
        (SVC, "writeback_bytes"): [9 * MIB, 3 * MIB, MIB],
    }
    said = facts(samples=rows).text("writes.dirty_held")
    assert said == "at the ends of the windows up to 5 MiB of the service's pages were dirty or being written"
    assert facts().text("writes.dirty_held") == "how much of the service's pages was dirty was not measured"
