"""Facts that name what a reader acts on: the CPU quota and who uses the CPUs, the limits, the devices written to."""

from __future__ import annotations

from typing import Any

from small_capture import MIB, SVC, small_capture

from diagnose.facts import Facts
from diagnose.models import BlockRequests, CgroupRecord, ProbeRecord
from diagnose.windows import Windows

DG, BATCH, WORKER, OUTSIDER = 10, 20, 21, 30
CGROUPS = {1: "/", DG: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch", WORKER: "/dg/batch/w1", OUTSIDER: "/else"}
SECOND = 1_000_000
NO_LIMIT_HIT = "the host's memory, since no memory limit on the service or around it was seen to be hit"


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
    assert told.endswith("; all CPU time used came to 2 CPUs, 0.25 of it by processes in no other cgroup that was read")


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
        queue_ns=[10, 10, 10, 5], service_ns=[50, 20, 10, 5],
    )  # fmt: skip
    found = facts(block_requests=requests)
    assert found.text("block.written_device") == "vda"
    assert found.number("block.own_write_share") == 0.75
    assert found.number("block.write_time_share") == (60 + 30) / (60 + 30 + 20)
