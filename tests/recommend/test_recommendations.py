"""What is recommended: values in bytes that the arithmetic explains, never below the floor, never into nothing."""

from __future__ import annotations

import math
import re
import shlex
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_capture import MIB, SVC, small_capture

from diagnose.evaluate import Fired
from diagnose.facts import Facts
from diagnose.models import BlockRequests, Capture, CgroupRecord, Culprit, Finding, Recommendation
from diagnose.recommend import recommend
from diagnose.recommend.advice import commands
from diagnose.recommend.need import need
from diagnose.recommend.sizing import floor, others
from diagnose.windows import Windows

BATCH, BACKUP = 20, 21
PATHS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch", BACKUP: "/dg/backup"}
GIB = 1 << 30
ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"


def situation(
    batch_mib: int = 900,
    service_mib: int = 300,
    anon_mib: int = 50,
    shared_mib: int | None = 1024,
    version: int = 2,
    backup: bool = False,
    available: int = 12 * GIB,
    file_mib: dict[int, list[int]] | None = None,
    **changes: object,
) -> Capture:
    """Return a capture in which the batch job evicts the service below a limit that they share."""
    mib: dict[tuple[int, str], int] = {
        (10, "usage_bytes"): batch_mib + service_mib,
        (SVC, "usage_bytes"): service_mib,
        (BATCH, "usage_bytes"): batch_mib,
        (BATCH, "anon_bytes"): anon_mib,
        (BACKUP, "usage_bytes"): batch_mib,
        (BACKUP, "anon_bytes"): anon_mib,
    }
    setting = "memory.limit_in_bytes" if version == 1 else "memory.max"
    evictions = [(0, BATCH, SVC, "memcg-reclaim", 9000)] + ([(0, BACKUP, SVC, "memcg-reclaim", 3000)] if backup else [])
    return small_capture(
        cgroups=PATHS,
        windows=3,
        evictions=evictions,
        cache=[(0, BATCH, 0, 0, 50_000, 0)],
        samples={key: [value * MIB] * 4 for key, value in mib.items()}
        | {(who, "file_bytes"): [value * MIB for value in column] for who, column in (file_mib or {}).items()},
        settings={10: {setting: None if shared_mib is None else shared_mib * MIB}},
        host={"meminfo.MemAvailable_bytes": [available] * 4},
        **{"cgroup_version": version, **changes},
    )


def advice(capture: Capture, *kinds: str, culprits: dict[str, float] | None = None) -> list[Recommendation]:
    named = {"/dg/batch": 0.9} if culprits is None else culprits
    finding = Finding(
        rule="a-rule",
        title="title",
        confidence="high",
        culprits=[Culprit(cgroup=path, share=share, cause="memcg-reclaim") for path, share in named.items()],
        summary="",
        evidence=[],
    )
    return recommend([Fired(finding, kinds, tuple(named), ())], Facts(Windows(capture)))


def limit_on(recommendations: list[Recommendation], path: str, setting: str) -> Recommendation:
    (found,) = (r for r in recommendations if (r.cgroup, r.setting) == (path, setting))
    return found


def test_the_batch_job_gets_what_the_others_leave() -> None:
    change = limit_on(advice(situation(), "contain-neighbour"), "/dg/batch", "memory.high")
    reserve = int(300 * MIB * 0.05)
    assert change.value_bytes == (1024 * MIB - 300 * MIB - 0 - reserve) // MIB * MIB
    assert change.commands == [f"echo {change.value_bytes} > /sys/fs/cgroup/dg/batch/memory.high"]
    assert any("1.0 GiB" in line or "1,024" in line or "1 GiB" in line for line in change.arithmetic)


def test_a_limit_is_in_whole_mebibytes_and_below_what_was_used() -> None:
    change = limit_on(advice(situation(), "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.value_bytes is not None
    assert change.value_bytes % MIB == 0
    assert change.value_bytes < 900 * MIB


def test_on_v1_the_limit_is_the_hard_one_and_nothing_is_protected() -> None:
    changes = advice(situation(version=1), "contain-neighbour", "protect-service")
    assert [c.setting for c in changes] == ["memory.limit_in_bytes"]
    assert "memory.low" in changes[0].reason


def test_the_service_and_its_own_ancestors_are_protected() -> None:
    changes = advice(situation(), "protect-service")
    assert [(c.cgroup, c.setting) for c in changes] == [("/dg/svc", "memory.low")]
    assert changes[0].value_bytes == 300 * MIB


def test_an_ancestor_that_holds_no_culprit_is_protected_too() -> None:
    changes = advice(situation(), "protect-service", culprits={"/elsewhere": 0.9})
    assert {c.cgroup for c in changes} == {"/dg/svc", "/dg"}


def test_where_the_host_is_the_limit_every_ancestor_is_protected_even_one_that_holds_the_culprit() -> None:
    """Reclaim sets out from the root, and protection reaches no further down than each ancestor's own."""
    changes = advice(situation(shared_mib=None), "protect-service")
    assert {(c.cgroup, c.setting) for c in changes} == {("/dg/svc", "memory.low"), ("/dg", "memory.low")}


@pytest.mark.parametrize(("lowest", "kept"), [(990, 490), (960, 0)])
def test_cache_that_reclaim_leaves_alone_is_no_room_on_the_host(lowest: int, kept: int) -> None:
    """The root holds 1,000 MiB, of which 500 are the service's and the batch job's; of the rest it loses 10, or 40."""
    files = {1: [1000, 1000, lowest, 1000], SVC: [200] * 4, BATCH: [300] * 4}
    rest = others(Windows(situation(shared_mib=None, file_mib=files)), ["/dg/batch"], None)
    without = others(Windows(situation(shared_mib=None)), ["/dg/batch"], None)
    assert rest is not None
    assert without is not None
    assert rest.bytes - without.bytes == kept * MIB
    assert any("never became less" in line for line in rest.lines) == bool(kept)


def test_below_the_floor_there_is_no_safe_limit_and_the_report_says_so() -> None:
    change = limit_on(advice(situation(anon_mib=850), "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.value_bytes is None
    assert "floor" in change.reason
    raised, limited = change.commands
    assert raised.endswith("/sys/fs/cgroup/dg/memory.max")
    assert limited.endswith("/sys/fs/cgroup/dg/batch/memory.high")
    assert change.undo == [
        "echo max > /sys/fs/cgroup/dg/batch/memory.high", f"echo {1024 * MIB} > /sys/fs/cgroup/dg/memory.max"
    ]  # fmt: skip


def test_room_that_the_host_does_not_have_is_not_given_by_command() -> None:
    short = situation(anon_mib=850, available=64 * MIB)
    change = limit_on(advice(short, "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.commands == []
    assert any("which has room for 60.8 MiB" in way for way in change.alternatives)


def test_a_job_that_fits_already_needs_no_limit() -> None:
    change = limit_on(advice(situation(batch_mib=200), "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.value_bytes is None
    assert "fits" in change.reason


def test_what_was_not_measured_makes_no_limit() -> None:
    bare = small_capture(cgroups=PATHS, evictions=[(0, BATCH, SVC, "memcg-reclaim", 9000)])
    change = limit_on(advice(bare, "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.value_bytes is None
    assert "not measured" in change.reason


def test_a_cgroup_that_holds_the_service_is_never_contained() -> None:
    assert advice(situation(), "contain-neighbour", culprits={"/dg": 0.9, "/": 0.1}) == []


def test_two_culprits_share_what_is_left() -> None:
    changes = advice(
        situation(batch_mib=450, anon_mib=5, backup=True),
        "contain-neighbour",
        culprits={"/dg/batch": 0.75, "/dg/backup": 0.25},
    )
    batch = limit_on(changes, "/dg/batch", "memory.high")
    backup = limit_on(changes, "/dg/backup", "memory.high")
    if batch.value_bytes is not None and backup.value_bytes is not None:
        assert batch.value_bytes < backup.value_bytes
        assert batch.value_bytes + backup.value_bytes <= 1024 * MIB - 300 * MIB


def test_no_setting_is_recommended_twice() -> None:
    changes = advice(situation(), "contain-neighbour", "contain-neighbour", "protect-service", "protect-service")
    assert len({(c.cgroup, c.setting) for c in changes}) == len(changes)


def own(limit_mib: int, available: int | None = 12 * GIB) -> Capture:
    return small_capture(
        windows=2,
        samples={(SVC, "usage_bytes"): [300 * MIB] * 3, (SVC, "refault_file_pages"): [0, 25_600, 25_600]},
        settings={SVC: {"memory.max": limit_mib * MIB}},
        host={} if available is None else {"meminfo.MemAvailable_bytes": [available] * 3},
    )


def test_without_room_on_the_host_no_limit_is_raised() -> None:
    for available in (None, 0, MIB):
        changes = advice(own(100, available), "raise-own-limit")
        assert [c.value_bytes for c in changes] == [None]
        assert changes[0].commands == []


def test_a_raised_limit_is_higher_than_the_one_in_force() -> None:
    for change in advice(own(100), "raise-own-limit"):
        assert change.value_bytes is None or change.value_bytes > 100 * MIB
        assert change.current_bytes == 100 * MIB


def swapping(held_mib: int | None) -> Capture:
    """Return a service that uses its 300 MiB, and fetches 200 MiB of its own memory back from swap."""
    held = None if held_mib is None else held_mib * MIB
    return small_capture(
        windows=2,
        samples={
            (SVC, "usage_bytes"): [300 * MIB] * 3,
            (SVC, "refault_anon_pages"): [0, 25_600, 51_200],
            (SVC, "swap_bytes"): [held] * 3,
        },
        settings={SVC: {"memory.max": 300 * MIB}},
        host={"meminfo.MemAvailable_bytes": [12 * GIB] * 3},
    )


def test_a_limit_that_makes_the_service_swap_is_raised_by_what_lay_in_swap() -> None:
    (change,) = advice(swapping(held_mib=80), "raise-own-limit")
    assert change.value_bytes == math.ceil(380 * 1.05) * MIB
    assert "its own memory, which it swaps" in change.reason
    assert "whether that cures it, a measurement after the change tells" in change.expected_effect


def test_the_limit_that_was_hit_most_is_raised_by_what_lay_in_swap_below_it() -> None:
    samples = {
        (10, "usage_bytes"): [1024 * MIB] * 4, (10, "swap_bytes"): [0, 100 * MIB, 200 * MIB, 200 * MIB],
        (10, "limit_hits"): [0, 5, 9, 12],
    }  # fmt: skip
    base = {"cgroups": PATHS, "windows": 3, "settings": {10: {"memory.max": 1024 * MIB}}, "cgroup_version": 2}
    host = {"meminfo.MemAvailable_bytes": [GIB] * 4}
    (change,) = advice(small_capture(**base, samples=samples, host=host), "raise-hit-limit")
    assert change.value_bytes == math.ceil(1224 * 1.05) * MIB
    assert change.undo == [f"echo {1024 * MIB} > /sys/fs/cgroup/dg/memory.max"]
    dry = {key: column for key, column in samples.items() if key[1] != "swap_bytes"}
    (tried,) = advice(small_capture(**base, samples=dry, host=host), "raise-hit-limit")
    assert tried.value_bytes is None
    assert "raise it by a quarter, to 1.25 GiB" in tried.alternatives[0]
    assert tried.commands == [f"echo {1280 * MIB} > /sys/fs/cgroup/dg/memory.max"]
    (unknown,) = advice(small_capture(**base, samples=samples), "raise-hit-limit")
    assert (unknown.value_bytes, unknown.commands) == (None, [])


def test_where_nobody_measured_what_lay_in_swap_no_value_is_given_but_where_to_begin() -> None:
    (change,) = advice(swapping(held_mib=None), "raise-own-limit")
    assert change.value_bytes is None
    assert "how much of its memory lies in swap was not measured" in change.reason
    assert "step by step, from 300 MiB on" in change.alternatives[0]
    assert change.commands == []


def test_without_an_own_limit_there_is_none_to_raise() -> None:
    assert advice(small_capture(), "raise-own-limit") == []


def test_a_shared_limit_is_raised_to_what_all_below_it_need() -> None:
    crowded = situation(batch_mib=200, service_mib=900, shared_mib=1024)
    change = limit_on(advice(crowded, "raise-shared-limit"), "/dg", "memory.max")
    assert change.current_bytes == 1024 * MIB
    assert change.value_bytes is not None
    assert 1.05 * 1100 * MIB <= change.value_bytes <= 1.05 * 1100 * MIB + 2 * MIB, "both, and the reserve"


def test_a_shared_limit_is_not_raised_beyond_the_host_and_the_report_says_what_is_lacking() -> None:
    crowded = situation(batch_mib=200, service_mib=900, available=8 * MIB)
    (change,) = advice(crowded, "raise-shared-limit")
    assert change.value_bytes is None
    assert re.match(r"give the host 1\d\d MiB more, and then this limit the \d{3} MiB more", change.alternatives[0])


def test_the_services_own_limit_is_no_shared_one() -> None:
    assert advice(own(100), "raise-shared-limit") == []
    assert advice(small_capture(), "raise-shared-limit") == []


def test_what_is_lacking_for_a_safe_containment_is_said_in_bytes() -> None:
    change = limit_on(advice(situation(anon_mib=850), "contain-neighbour"), "/dg/batch", "memory.high")
    floor_mib, left_mib = math.ceil(850 * 1.25), 1024 - 300 - 300 * 0.05
    (way,) = [way for way in change.alternatives if "raise" in way]
    wanted = 1024 + floor_mib - left_mib
    assert f"from 1 GiB to {wanted / 1024:.2f} GiB, " in way
    assert "and together with that limit /dg/batch to 1.04 GiB" in way
    assert "11.4 GiB that the host has to give" in change.risk


# ---------------------------------------------------------------- sizing


def test_the_floor_is_what_cannot_be_given_back_and_headroom() -> None:
    windows = Windows(situation(anon_mib=400))
    least = floor(windows, "/dg/batch")
    assert least is not None
    assert least.bytes == 500 * MIB
    small = floor(Windows(situation(anon_mib=4)), "/dg/batch")
    assert small is not None
    assert small.bytes == 20 * MIB


@pytest.mark.parametrize(("written_mib", "held_mib"), [(0, 104), (60, 44), (500, 4)])
def test_dirty_memory_counts_as_far_as_its_device_would_need_long_to_write_it(written_mib: int, held_mib: int) -> None:
    samples: dict[tuple[int, str], list[int | None]] = {
        (BATCH, "anon_bytes"): [4 * MIB] * 4,
        (BATCH, "dirty_bytes"): [0, 100 * MIB, 10 * MIB, 0],
        (BATCH, "writeback_bytes"): [0, 0, 80 * MIB, 0],
    }
    writes = BlockRequests(
        window=[1], device=["vda"], op=["write"], cgroup=[BATCH], requests=[1], bytes=[written_mib * MIB],
        queue_ns=[0], service_ns=[0],
    )  # fmt: skip
    least = floor(Windows(small_capture(cgroups=PATHS, samples=samples, block_requests=writes)), "/dg/batch")
    assert least is not None
    assert least.bytes == held_mib * MIB + max(16 * MIB, held_mib * MIB // 4)


def test_a_job_whose_own_memory_takes_the_room_is_not_told_to_read_otherwise() -> None:
    change = limit_on(advice(situation(anon_mib=850), "contain-neighbour"), "/dg/batch", "memory.high")
    assert not any("O_DIRECT" in way for way in change.alternatives)
    assert any("another host" in way for way in change.alternatives)


def test_what_was_not_read_has_no_floor_and_no_need() -> None:
    windows = Windows(small_capture())
    assert floor(windows, "/dg/svc") is None
    assert need(windows) is None
    assert others(windows, ["/dg/batch"], "/dg") is None
    assert others(windows, ["/dg/batch"], None) is None


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize("name", ["a b", "$(reboot)", "x'; reboot; '", "`reboot`", "-rf", "a\nreboot", "é", "*"])
@pytest.mark.parametrize("managed", ["files", "systemd", "docker", "podman", "kubernetes"])
@pytest.mark.parametrize("setting", ["memory.high", "memory.max", "memory.low", "memory.limit_in_bytes"])
def test_names_from_the_system_are_words_and_never_commands(name: str, managed: str, setting: str) -> None:
    record = CgroupRecord(id=5, path=f"/dg/{name}", name=name, managed_by=managed)  # type: ignore[arg-type]
    for line in commands(record, setting, 5 * MIB, Windows(small_capture())):
        words = shlex.split(line, comments=True)
        if "resources:" not in words:  # what to write into a pod's spec names nobody
            assert any(word == name or word.endswith((f"/dg/{name}", f"/dg/{name}/{setting}")) for word in words)
        assert "reboot" not in words
        assert "--" not in words or words.index("--") < len(words) - 1


@pytest.mark.parametrize(
    ("name", "called"),
    [("web1", "web1"), ("4f8a1c2e9b7d in web.service", ID), ("$(reboot)", ID), ("-rf", ID), (None, ID)],
)
@pytest.mark.parametrize(("manager", "folder"), [("docker", "/docker/"), ("podman", "/libpod_parent/libpod-")])
def test_a_container_is_changed_by_its_name_or_else_its_id(
    name: str | None, called: str, manager: Literal["docker", "podman"], folder: str
) -> None:
    record = CgroupRecord(id=5, path=f"{folder}{ID}", name=name, managed_by=manager)
    (line,) = commands(record, "memory.max", 5 * MIB, Windows(small_capture()))
    assert line == f"{manager} update --memory {5 * MIB} -- {called}"


@given(batch=st.integers(0, 4096), service=st.integers(0, 4096), anon=st.integers(0, 4096), shared=st.integers(0, 8192))
@settings(deadline=None)
def test_no_situation_makes_a_limit_below_the_floor_or_above_the_use(
    batch: int, service: int, anon: int, shared: int
) -> None:
    capture = situation(batch_mib=batch, service_mib=service, anon_mib=anon, shared_mib=shared)
    least = floor(Windows(capture), "/dg/batch")
    assert least is not None
    for change in advice(capture, "contain-neighbour", "protect-service", "raise-own-limit"):
        if change.value_bytes is not None and change.setting == "memory.high":
            assert least.bytes <= change.value_bytes < batch * MIB
        assert change.value_bytes is None or change.commands
        assert change.reason
        assert change.risk


def test_of_two_limits_neither_claims_the_gain_of_both_for_itself() -> None:
    both = advice(situation(backup=True), "contain-neighbour", culprits={"/dg/batch": 0.6, "/dg/backup": 0.3})
    valued = {c.cgroup: c.expected_effect for c in both if c.setting == "memory.high" and c.value_bytes is not None}
    assert set(valued) == {"/dg/batch", "/dg/backup"}
    assert valued["/dg/batch"].startswith("With /dg/backup contained too: ")
    assert valued["/dg/backup"].startswith("With /dg/batch contained too: ")
