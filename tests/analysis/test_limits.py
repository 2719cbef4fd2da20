"""Whose limit is felt by the service: its own, or one that it shares."""

from __future__ import annotations

import pytest

from diagnose.analysis.limits import Limit, hit_below, limits_above, own_limit, room_limit, shared_limit
from diagnose.analysis.windows import Windows
from tests.helpers.small_capture import MIB, SVC, small_windows

ALONE = {1: "/", 10: "/dg", SVC: "/dg/svc"}
SHARED = {**ALONE, 12: "/dg/batch"}


def limited(cgroups: dict[int, str], **limits: dict[str, int | None]) -> Windows:
    """Return a capture; `limits` by the last name of the cgroup ("root" for "/")."""
    ids = {path.rsplit("/", 1)[1] or "root": i for i, path in cgroups.items()}
    return small_windows(cgroups=cgroups, settings={ids[name]: values for name, values in limits.items()})


def test_no_limit_is_none() -> None:
    assert own_limit(limited(ALONE)) is None
    assert own_limit(limited(ALONE, svc={"memory.max": None, "memory.high": None})) is None
    assert shared_limit(limited(SHARED), "/dg/batch") is None


@pytest.mark.parametrize("setting", ["memory.max", "memory.high", "memory.limit_in_bytes"])
def test_every_kind_of_limit_counts(setting: str) -> None:
    assert own_limit(limited(ALONE, svc={setting: 5 * MIB})) == Limit("/dg/svc", SVC, setting, 5 * MIB)


def test_a_protection_is_no_limit() -> None:
    assert own_limit(limited(ALONE, svc={"memory.low": 5, "memory.min": 5, "memory.soft_limit_in_bytes": 5})) is None


def test_the_lowest_of_a_cgroups_limits_is_the_one_in_force() -> None:
    limit = own_limit(limited(ALONE, svc={"memory.max": 9 * MIB, "memory.high": 7 * MIB}))
    assert limit == Limit("/dg/svc", SVC, "memory.high", 7 * MIB)


def test_the_limit_of_an_ancestor_that_nobody_else_uses_is_the_services_own() -> None:
    limit = own_limit(limited(ALONE, svc={"memory.max": 9 * MIB}, dg={"memory.max": 3 * MIB}))
    assert limit == Limit("/dg", 10, "memory.max", 3 * MIB)


def test_a_limit_of_zero_is_a_limit() -> None:
    limit = own_limit(limited(ALONE, svc={"memory.high": 0}))
    assert limit is not None
    assert limit.limit_bytes == 0


def test_a_shared_limit_is_not_the_services_own() -> None:
    windows = limited(SHARED, svc={"memory.max": 9 * MIB}, dg={"memory.max": 3 * MIB})
    assert own_limit(windows) == Limit("/dg/svc", SVC, "memory.max", 9 * MIB)
    assert shared_limit(windows, "/dg/batch") == Limit("/dg", 10, "memory.max", 3 * MIB)


def test_children_of_the_service_share_nothing_with_strangers() -> None:
    windows = limited({**ALONE, 13: "/dg/svc/worker"}, dg={"memory.max": 3 * MIB})
    assert own_limit(windows) == Limit("/dg", 10, "memory.max", 3 * MIB)


def test_a_neighbour_elsewhere_shares_only_the_limits_above_both() -> None:
    windows = limited({**ALONE, 12: "/batch"}, dg={"memory.max": 3 * MIB}, root={"memory.max": 8 * MIB})
    assert shared_limit(windows, "/batch") == Limit("/", 1, "memory.max", 8 * MIB)


def test_the_tightest_of_several_shared_limits_counts() -> None:
    windows = limited(SHARED, dg={"memory.max": 8 * MIB}, root={"memory.max": 3 * MIB})
    assert shared_limit(windows, "/dg/batch") == Limit("/", 1, "memory.max", 3 * MIB)


def test_a_namesake_is_no_relative() -> None:
    windows = limited({**ALONE, 14: "/dg/svc-old"}, dg={"memory.max": 3 * MIB})
    assert own_limit(windows) is None


def hit(hits: dict[int, int], back: dict[int, int], limits: dict[int, int]) -> Windows:
    """Return a service with nested cgroups; by id their hits, pages that came back, and limits in MiB."""
    cgroups = {**ALONE, 13: "/dg/svc/jobs", 14: "/dg/svc/jobs/a", 15: "/dg/svc/web"}
    counted = {(i, "limit_hits"): [0, count] for i, count in hits.items()}
    refaults = {(i, "refault_file_pages"): [0, count] for i, count in back.items()}
    settings = {i: {"memory.max": size * MIB} for i, size in limits.items()}
    return small_windows(cgroups=cgroups, windows=1, settings=settings, samples=counted | refaults)


def test_the_limit_of_a_part_is_the_services_own_where_pages_came_back_there() -> None:
    back = {SVC: 100, 13: 90, 14: 90}
    jobs = Limit("/dg/svc/jobs", 13, "memory.max", 5 * MIB)
    assert own_limit(hit({SVC: 0, 13: 7}, back, {13: 5})) == jobs
    assert own_limit(hit({SVC: 0, 13: 7}, back, {SVC: 9, 13: 5})) == jobs, "lower than that of the whole"
    assert own_limit(hit({SVC: 0, 13: 0}, back, {13: 5})) is None, "never hit"
    assert own_limit(hit({SVC: 0, 13: 7}, {SVC: 100, 13: 40}, {13: 5})) is None, "most came back elsewhere"
    assert own_limit(hit({SVC: 0, 13: 7}, {}, {13: 5})) is None, "nobody read what came back"
    assert own_limit(hit({SVC: 0, 13: 7}, {SVC: 0, 13: 0}, {13: 5})) is None, "nothing came back"


def test_a_part_with_no_less_room_than_the_whole_is_not_what_is_felt() -> None:
    """A pod of one container has the container's limit."""
    limit = own_limit(hit({SVC: 0, 13: 7}, {SVC: 100, 13: 90}, {SVC: 5, 13: 5}))
    assert limit == Limit("/dg/svc", SVC, "memory.max", 5 * MIB)


def test_parts_within_parts_count_once_and_the_one_hit_most_is_named_first() -> None:
    back = {SVC: 100, 13: 30, 14: 30, 15: 10}
    assert hit_below(hit({13: 1, 14: 7, 15: 3}, back, {13: 5, 14: 4, 15: 5})) == []
    found = hit_below(hit({13: 1, 14: 7, 15: 3}, {**back, 15: 30}, {13: 5, 14: 4, 15: 5}))
    assert [limit.cgroup for limit in found] == ["/dg/svc/jobs/a", "/dg/svc/web", "/dg/svc/jobs"]


def test_the_limits_above_a_part_are_those_on_the_way_too() -> None:
    windows = hit({}, {}, {10: 9, SVC: 8, 13: 7, 14: 6, 15: 5})
    assert [limit.cgroup for limit in limits_above(windows, "/dg/svc/jobs/a")] == ["/dg/svc/jobs", "/dg/svc", "/dg"]


def test_a_cgroup_between_the_limit_and_the_service_is_nobody_else() -> None:
    """As crun's "container" below the scope that has the name, below the pod that has the limit."""
    nested = {1: "/", 10: "/pod", 13: "/pod/scope", SVC: "/pod/scope/svc"}
    windows = small_windows(cgroups=nested, service="/pod/scope/svc", settings={10: {"memory.max": 3 * MIB}})
    assert own_limit(windows) == Limit("/pod", 10, "memory.max", 3 * MIB)


@pytest.mark.parametrize(
    ("hits", "high", "felt"),
    [
        ([0, 0, 5], None, True),
        ([7, 7, 7], None, False),
        ([0, 0, 0], [0, 3, 3], True),
        (None, None, True),
        ([None, None, 4], None, True),
    ],
)
def test_a_limit_that_was_not_hit_makes_nobody_compete(
    hits: list[int | None] | None, high: list[int | None] | None, felt: bool
) -> None:
    """One reading of a counter says as little as none."""
    readings = {"limit_hits": hits, "high_hits": high}
    windows = small_windows(
        cgroups=SHARED,
        windows=2,
        settings={10: {"memory.max": 3 * MIB}},
        samples={(10, key): column for key, column in readings.items() if column is not None},
    )
    assert (room_limit(windows, "/dg/batch") is not None) == felt


def test_a_limit_above_what_the_host_has_is_never_felt() -> None:
    """Of the example's 16 GiB."""
    assert room_limit(limited(SHARED, dg={"memory.max": 17 << 30}), "/dg/batch") is None
    assert room_limit(limited(SHARED, dg={"memory.max": 16 << 30}), "/dg/batch") is not None


def test_below_a_limit_that_was_not_hit_the_next_one_counts() -> None:
    windows = small_windows(
        cgroups=SHARED,
        windows=2,
        settings={1: {"memory.max": 8 * MIB}, 10: {"memory.max": 3 * MIB}},
        samples={(1, "limit_hits"): [0, 0, 5], (10, "limit_hits"): [0, 0, 0]},
    )
    assert room_limit(windows, "/dg/batch") == Limit("/", 1, "memory.max", 8 * MIB)
