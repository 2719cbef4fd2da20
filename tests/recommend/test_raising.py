"""Raised limits: with the others of the same cgroup, and never downwards."""

from __future__ import annotations

from diagnose.capture.model import Capture
from diagnose.recommend.reasons import Lacking, MakesWay
from tests.helpers.recommend_situations import GIB, PATHS, advice, lines, situation, why_none
from tests.helpers.small_capture import MIB, SVC, small_capture


def own(settings: dict[str, int | None]) -> Capture:
    return small_capture(
        windows=2,
        samples={(SVC, "usage_bytes"): [300 * MIB] * 3},
        settings={SVC: settings},
        host={"meminfo.MemAvailable_bytes": [12 * GIB] * 3},
        cgroup_version=2,
    )


def test_a_limit_just_above_the_raised_one_makes_way() -> None:
    """memory.high above memory.max would never be felt: the limit in force would be the old memory.max."""
    changes = advice(own({"memory.high": 100 * MIB, "memory.max": 110 * MIB}), "raise-own-limit")
    values = {c.setting: c.value_bytes for c in changes}
    assert values == {"memory.high": 315 * MIB, "memory.max": 325 * MIB}
    assert [c.current_bytes for c in changes] == [100 * MIB, 110 * MIB]
    assert changes[1].reason == MakesWay("/dg/svc", "memory.max", 110 * MIB, "memory.high")
    assert [c.line for c in changes[1].undo] == [f"echo {110 * MIB} > /sys/fs/cgroup/dg/svc/memory.max"]


def test_a_limit_that_is_not_in_the_way_is_left_alone() -> None:
    changes = advice(own({"memory.high": 100 * MIB, "memory.max": GIB}), "raise-own-limit")
    assert [c.setting for c in changes] == ["memory.high"]


def test_a_shared_room_is_raised_by_hand_with_both_of_its_limits() -> None:
    limits = {"memory.high": 300 * MIB, "memory.max": 310 * MIB}
    (change,) = (
        c
        for c in advice(situation(service_mib=300, anon_mib=100, settings={10: limits}), "contain-neighbour")
        if c.commands
    )
    assert change.value_bytes is None
    raised = [c for c in lines(change) if "/dg/memory." in c]
    assert [c.rpartition(".")[2] for c in raised] == ["high", "max"]
    high, top = (int(c.split()[1]) for c in raised)
    assert top - high == 10 * MIB
    assert [c.line.split()[1] for c in change.undo if "/dg/memory." in c.line] == [str(310 * MIB), str(300 * MIB)]


def test_a_limit_below_which_there_is_room_is_never_lowered_as_the_remedy() -> None:
    samples = {
        (10, "usage_bytes"): [500 * MIB] * 4, (10, "swap_bytes"): [100 * MIB] * 4, (10, "limit_hits"): [0, 5, 9, 12],
    }  # fmt: skip
    capture = small_capture(
        cgroups=PATHS, windows=3, samples=samples, settings={10: {"memory.max": GIB}}, cgroup_version=2,
        host={"meminfo.MemAvailable_bytes": [12 * GIB] * 4},
    )  # fmt: skip
    (change,) = advice(capture, "raise-hit-limit")
    assert why_none(change) == "all-fits"
    assert change.commands == ()


def below_two(used_mib: dict[int, int | None]) -> Capture:
    """Return a service below two limits of others', of which the higher one leaves less."""
    return small_capture(
        cgroups={1: "/", 9: "/top", 10: "/top/dg", SVC: "/top/dg/svc", 20: "/top/other", 21: "/top/dg/other"},
        service="/top/dg/svc",
        windows=2,
        samples={(SVC, "usage_bytes"): [300 * MIB] * 3}
        | {(i, "usage_bytes"): [None if v is None else v * MIB] * 3 for i, v in used_mib.items()},
        settings={SVC: {"memory.max": 100 * MIB}, 10: {"memory.max": 5 * GIB}, 9: {"memory.max": 10 * GIB}},
        host={"meminfo.MemAvailable_bytes": [12 * GIB] * 3},
        cgroup_version=2,
    )


def test_the_room_is_what_every_limit_above_leaves_and_not_the_lowest_limit_alone() -> None:
    (change,) = advice(below_two({10: 1024, 9: 10_230}), "raise-own-limit")
    why = why_none(change)
    assert isinstance(why, Lacking)
    assert why.spare.limit is not None
    assert (why.spare.limit.cgroup, why.spare.bytes) == ("/top", 10 * MIB)
    (change,) = advice(below_two({10: 1024, 9: 9000}), "raise-own-limit")
    assert change.value_bytes == 315 * MIB


def test_a_limit_above_of_which_nobody_knows_how_much_is_used_is_no_room() -> None:
    (change,) = advice(below_two({10: 1024, 9: None}), "raise-own-limit")
    why = why_none(change)
    assert isinstance(why, Lacking)
    assert why.spare.limit is not None
    assert (why.spare.limit.cgroup, why.spare.bytes) == ("/top", None)
