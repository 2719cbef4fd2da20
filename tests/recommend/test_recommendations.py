"""What is recommended: values in bytes that the arithmetic explains, never below the floor, never into nothing."""

from __future__ import annotations

import math
import shlex
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.capture.tables import BlockRequests
from diagnose.recommend.commands import commands
from diagnose.recommend.effects import StaysCached
from diagnose.recommend.floor import floor
from diagnose.recommend.need import need
from diagnose.recommend.reasons import Contains, NotMeasured, RoundsByGenerations, TooLittle, UsesLess
from diagnose.recommend.risks import LimitsInMoreRoom
from diagnose.recommend.room import CacheKept, Room, others
from diagnose.recommend.ways import MoreRoom, ReadUncached, RunElsewhere
from diagnose.report.wording.limits import recommendation
from diagnose.report.wording.writer import Names
from tests.helpers.recommend_situations import (
    BATCH,
    GIB,
    ID,
    PATHS,
    advice,
    limit_on,
    lines,
    only,
    situation,
    why_none,
)
from tests.helpers.small_capture import MIB, SVC, small_capture


def test_the_batch_job_gets_what_the_others_leave() -> None:
    change = limit_on(advice(situation(), "contain-neighbour"), "/dg/batch", "memory.high")
    reserve = int(300 * MIB * 0.05)
    assert change.value_bytes == (1024 * MIB - 300 * MIB - 0 - reserve) // MIB * MIB
    assert lines(change) == [f"echo {change.value_bytes} > /sys/fs/cgroup/dg/batch/memory.high"]
    assert only(Room, change.arithmetic).capacity_bytes == GIB


def test_a_limit_is_in_whole_mebibytes_and_below_what_was_used() -> None:
    change = limit_on(advice(situation(), "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.value_bytes is not None
    assert change.value_bytes % MIB == 0
    assert change.value_bytes < 900 * MIB


def test_on_v1_the_limit_is_the_hard_one_and_nothing_is_protected() -> None:
    changes = advice(situation(version=1), "contain-neighbour", "protect-service")
    assert [c.setting for c in changes] == ["memory.limit_in_bytes"]
    assert isinstance(changes[0].reason, Contains)
    assert changes[0].reason.unprotected == "no-memory-low"


def test_the_service_and_its_own_ancestors_are_protected() -> None:
    changes = advice(situation(), "protect-service")
    assert [(c.cgroup, c.setting) for c in changes] == [("/dg/svc", "memory.low")]
    assert changes[0].value_bytes == 300 * MIB


def test_an_ancestor_that_holds_no_culprit_is_protected_too() -> None:
    changes = advice(situation(), "protect-service", culprits={"/elsewhere": 0.9})
    assert {c.cgroup for c in changes} == {"/dg/svc", "/dg"}


@pytest.mark.parametrize(
    ("settings", "shared_mib", "protected"),
    [
        ({"lru_gen.enabled": 7, "lru_gen.rounds_of_cgroups": 1}, None, False),
        ({"lru_gen.enabled": 7, "lru_gen.rounds_of_cgroups": 1}, 1024, True),
        ({"lru_gen.enabled": 7, "lru_gen.rounds_of_cgroups": 0}, None, True),
        ({"lru_gen.enabled": 6, "lru_gen.rounds_of_cgroups": 1}, None, True),
        ({"lru_gen.enabled": 7}, None, True),
        ({}, None, True),
    ],
)
def test_where_the_host_goes_round_by_generations_nothing_protects(
    settings: dict[str, int], shared_mib: int | None, protected: bool
) -> None:
    capture = situation(shared_mib=shared_mib)
    host = capture.host.model_copy(update={"settings": settings, "memory_bytes": 1 << 30})
    changes = advice(capture.model_copy(update={"host": host}), "contain-neighbour", "protect-service")
    assert ("memory.low" in {change.setting for change in changes}) is protected
    reason = next(change.reason for change in changes if change.cgroup == "/dg/batch")
    assert isinstance(reason, Contains)
    assert reason.unprotected == (None if protected else RoundsByGenerations(7))


def test_where_the_host_is_the_limit_every_ancestor_is_protected_even_one_that_holds_the_culprit() -> None:
    """Reclaim sets out from the root, and protection reaches no further down than each ancestor's own."""
    changes = advice(situation(shared_mib=None), "protect-service")
    assert {(c.cgroup, c.setting) for c in changes} == {("/dg/svc", "memory.low"), ("/dg", "memory.low")}


@pytest.mark.parametrize(("lowest", "kept"), [(990, 490), (700, 200), (400, 0)])
def test_cache_that_reclaim_leaves_alone_is_no_room_on_the_host(lowest: int, kept: int) -> None:
    """The root holds 1,000 MiB, of which 500 are the service's and the batch job's; of the rest some is lost."""
    files = {1: [1000, 1000, lowest, 1000], SVC: [200] * 4, BATCH: [300] * 4}
    windows = Windows(situation(shared_mib=None, file_mib=files))
    rest, without = (others(windows, ["/dg/batch"], None, with_cache) for with_cache in (True, False))
    assert rest is not None
    assert without is not None
    assert rest.bytes - without.bytes == kept * MIB
    assert only(CacheKept, rest.parts).bytes == kept * MIB
    assert not any(isinstance(part, CacheKept) for part in without.parts)


def test_where_the_cache_of_others_was_not_measured_nobody_guesses() -> None:
    assert others(Windows(situation(shared_mib=None)), ["/dg/batch"], None, with_cache=True) is None


def test_below_the_floor_there_is_no_safe_limit() -> None:
    change = limit_on(advice(situation(anon_mib=850), "contain-neighbour"), "/dg/batch", "memory.high")
    assert isinstance(why_none(change), TooLittle)
    raised, limited = lines(change)
    assert raised.endswith("/sys/fs/cgroup/dg/memory.max")
    assert limited.endswith("/sys/fs/cgroup/dg/batch/memory.high")
    assert [command.line for command in change.undo] == [
        "echo max > /sys/fs/cgroup/dg/batch/memory.high", f"echo {1024 * MIB} > /sys/fs/cgroup/dg/memory.max"
    ]  # fmt: skip


def test_room_that_the_host_does_not_have_is_not_given_by_command() -> None:
    short = situation(anon_mib=850, available=64 * MIB)
    change = limit_on(advice(short, "contain-neighbour"), "/dg/batch", "memory.high")
    assert change.commands == ()
    assert only(MoreRoom, change.ways).spare.bytes == int(64 * MIB * 0.95)


def test_a_job_that_fits_already_needs_no_limit() -> None:
    change = limit_on(advice(situation(batch_mib=200), "contain-neighbour"), "/dg/batch", "memory.high")
    why = why_none(change)
    assert isinstance(why, UsesLess)
    assert (why.peak_bytes, why.cache_must_go) == (200 * MIB, False)


def test_on_a_host_that_a_job_fits_into_is_told_with_what_has_to_make_room() -> None:
    """It did evict the service's pages: the cache of others, which the host can reclaim, was there as well."""
    changes = advice(situation(shared_mib=None), "contain-neighbour")
    why = why_none(limit_on(changes, "/dg/batch", "memory.high"))
    assert isinstance(why, UsesLess)
    assert why.cache_must_go


def test_what_was_not_measured_makes_no_limit() -> None:
    bare = small_capture(cgroups=PATHS, evictions=[(0, BATCH, SVC, "memcg-reclaim", 9000)])
    change = limit_on(advice(bare, "contain-neighbour"), "/dg/batch", "memory.high")
    assert why_none(change) == NotMeasured(("/dg/batch",))


def test_a_cgroup_that_holds_the_service_is_never_contained() -> None:
    assert advice(situation(), "contain-neighbour", culprits={"/dg": 0.9, "/": 0.1}) == []


def test_two_culprits_share_what_is_left() -> None:
    changes = advice(
        situation(batch_mib=450, anon_mib=5, backup=True),
        "contain-neighbour",
        culprits={"/dg/batch": 0.6, "/dg/backup": 0.4},
    )
    batch = limit_on(changes, "/dg/batch", "memory.high")
    backup = limit_on(changes, "/dg/backup", "memory.high")
    assert batch.value_bytes is not None
    assert backup.value_bytes is not None
    assert batch.value_bytes < backup.value_bytes
    assert batch.value_bytes + backup.value_bytes <= 1024 * MIB - 300 * MIB


def test_no_setting_is_recommended_twice() -> None:
    changes = advice(situation(), "contain-neighbour", "contain-neighbour", "protect-service", "protect-service")
    assert len({(c.cgroup, c.setting) for c in changes}) == len(changes)


def test_what_is_lacking_for_a_safe_containment_is_worked_out() -> None:
    change = limit_on(advice(situation(anon_mib=850), "contain-neighbour"), "/dg/batch", "memory.high")
    floor_mib, left_mib = math.ceil(850 * 1.25), 1024 - 300 - 300 * 0.05
    way = only(MoreRoom, change.ways)
    assert way.more_bytes == (floor_mib - left_mib) * MIB
    assert way.limits == (("/dg/batch", floor_mib * MIB),)
    risk = only(LimitsInMoreRoom, change.risks)
    assert (risk.spare.limit, risk.spare.bytes) == (None, int(12 * GIB * 0.95))


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
    assert not any(isinstance(way, ReadUncached) for way in change.ways)
    assert only(RunElsewhere, change.ways) == RunElsewhere(("/dg/batch",))


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
    for command in commands(record, setting, 5 * MIB, Windows(small_capture())):
        words = shlex.split(command.line, comments=True)
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
    (command,) = commands(record, "memory.max", 5 * MIB, Windows(small_capture()))
    assert command.line == f"{manager} update --memory {5 * MIB} -- {called}"


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
        written = recommendation(change, Names({"/dg/batch": "batch"}))
        assert written.reason
        assert written.risk


def test_of_two_limits_neither_claims_the_gain_of_both_for_itself() -> None:
    both = advice(situation(backup=True), "contain-neighbour", culprits={"/dg/batch": 0.6, "/dg/backup": 0.3})
    effects = [c.effect for c in both if c.setting == "memory.high" and c.value_bytes is not None]
    too = {e.cgroup: e.contained_too for e in effects if isinstance(e, StaysCached)}
    assert too == {"/dg/batch": ("/dg/backup",), "/dg/backup": ("/dg/batch",)}
