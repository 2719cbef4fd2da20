"""Who is named: jobs rather than workers or folders, never the service, nobody twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.analysis.neighbours import MAX_NEIGHBOURS, MIN_PAGES, Neighbour, evicted_by, inflow, neighbours
from diagnose.analysis.windows import CAUSES, Windows
from diagnose.capture.model import ProbeRecord
from diagnose.cgroups.paths import is_within
from tests.helpers.small_capture import Row, small_windows

SVC = 11
PATHS = (
    "/", "/dg", "/dg/svc", "/dg/svc/worker", "/dg/job", "/dg/job/w1", "/dg/job/w2", "/dg/job/w1/deep", "/batch",
    "/system.slice", "/system.slice/a.service", "/system.slice/b.service", "/docker", "/docker/one", "/docker/two",
    "/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice", "/kubepods.slice/kubepods-burstable.slice/pod1",
    "/user.slice/user-1000.slice/session-1.scope",
)  # fmt: skip
IDS = {path: SVC if path == "/dg/svc" else 100 + i for i, path in enumerate(PATHS)}
SERVICES = ("/dg/svc", "/system.slice/a.service", "/docker/one", "/batch")


def windows_with(
    evicted: dict[str, int] | None = None, inserted: dict[str, int] | None = None, service: str = "/dg/svc"
) -> Windows:
    """Return a capture in which cgroups evicted pages of the service and inserted pages of their own."""
    paths = {*(evicted or {}), *(inserted or {}), service, "/"}
    ids = {path: IDS.get(path, 500 + i) for i, path in enumerate(sorted(paths))}
    return small_windows(
        cgroups={i: path for path, i in ids.items()},
        service=service,
        evictions=[(0, ids[p], ids[service], "memcg-reclaim", n) for p, n in (evicted or {}).items()],
        cache=[(0, ids[p], 0, 0, n, 0) for p, n in (inserted or {}).items()],
    )


def named(windows: Windows) -> list[str]:
    return [n.path for n in neighbours(windows)]


def test_nobody_is_named_where_nobody_did_anything() -> None:
    assert neighbours(small_windows()) == []


def test_workers_of_one_job_are_rolled_up() -> None:
    assert named(windows_with({"/dg/job/w1": 500, "/dg/job/w2": 500, "/dg/job/w3": 500})) == ["/dg/job"]


def test_a_child_with_nearly_all_is_named_itself() -> None:
    windows = windows_with({"/dg/job/w1": 8000, "/dg/job/w2": 1000, "/dg/job/w3": 1000})
    assert named(windows) == ["/dg/job/w1", "/dg/job/w2", "/dg/job/w3"]


def test_just_below_that_share_the_job_is_named() -> None:
    assert named(windows_with({"/dg/job/w1": 7999, "/dg/job/w2": 2001})) == ["/dg/job"]


def test_going_down_ends_where_the_work_divides() -> None:
    windows = windows_with({"/a/b/c/one": 500, "/a/b/c/two": 500})
    assert named(windows) == ["/a/b/c"]


def test_a_parent_that_works_itself_is_named_for_its_own_part() -> None:
    assert named(windows_with({"/dg/job": 9000, "/dg/job/w1": 1000})) == ["/dg/job", "/dg/job/w1"]


@pytest.mark.parametrize(
    ("folder", "one", "two"),
    [
        ("/system.slice", "/system.slice/a.service", "/system.slice/b.service"),
        ("/docker", "/docker/one", "/docker/two"),
        ("/libpod_parent", "/libpod_parent/libpod-1", "/libpod_parent/libpod-2"),
        (
            "/kubepods.slice/kubepods-x.slice",
            "/kubepods.slice/kubepods-x.slice/p1",
            "/kubepods.slice/kubepods-x.slice/qod2",
        ),
        ("/kubepods/burstable", "/kubepods/burstable/pod1", "/kubepods/burstable/pod2"),
    ],
)
def test_folders_that_only_organise_are_not_named(folder: str, one: str, two: str) -> None:
    assert named(windows_with({one: 500, two: 500})) == [one, two]
    assert folder not in named(windows_with({one: 900, two: 100}))


def test_siblings_below_a_cgroup_that_holds_the_service_stand_for_themselves() -> None:
    assert named(windows_with({"/dg/batch": 600, "/dg/backup": 500})) == ["/dg/batch", "/dg/backup"]


def test_who_evicted_the_service_comes_before_who_inserted_more() -> None:
    assert named(windows_with({"/quiet": 300}, {"/busy": 10**6})) == ["/quiet", "/busy"]


def test_too_few_pages_are_not_worth_a_question() -> None:
    assert named(windows_with({"/a": MIN_PAGES - 1, "/b": MIN_PAGES})) == ["/b"]


def test_a_crowd_is_cut_off() -> None:
    crowd = {f"/job{i:03}": 1000 + i for i in range(MAX_NEIGHBOURS + 20)}
    assert named(windows_with(crowd)) == [f"/job{i:03}" for i in range(MAX_NEIGHBOURS + 19, 19, -1)]


def test_evictions_that_nobody_needed_the_room_for_accuse_nobody() -> None:
    for cause in set(CAUSES) - {"memcg-reclaim", "direct-reclaim"}:
        windows = small_windows(cgroups={1: "/", SVC: "/dg/svc", 20: "/b"}, evictions=[(0, 20, SVC, cause, 9999)])
        assert neighbours(windows) == []


def test_a_cgroup_whose_name_was_never_learnt_is_not_named() -> None:
    assert neighbours(small_windows(evictions=[(0, 999, SVC, "memcg-reclaim", 9999)])) == []


pages = st.dictionaries(st.sampled_from(PATHS), st.integers(0, 10**6), max_size=len(PATHS))


@given(evicted=pages, inserted=pages, service=st.sampled_from(SERVICES))
def test_every_actor_belongs_to_one_neighbour_and_the_service_to_none(
    evicted: dict[str, int], inserted: dict[str, int], service: str
) -> None:
    windows = windows_with(evicted, inserted, service)
    groups = neighbours(windows)
    ids = [i for group in groups for i in group.ids]
    assert len(ids) == len(set(ids))
    assert not set(ids) & windows.service_ids
    assert len({group.path for group in groups}) == len(groups)
    actors = {p for p in {*evicted, *inserted} if not is_within(p, service)}
    for path in actors:
        if evicted.get(path, 0) + inserted.get(path, 0) >= MIN_PAGES:
            assert sum(IDS.get(path) in group.ids for group in groups) <= 1
    for group in groups:
        assert all(is_within(windows.paths[i], group.path) for i in group.ids)
        assert not is_within(group.path, service)


@given(evicted=pages, service=st.sampled_from(SERVICES))
def test_a_slice_is_named_for_its_own_tasks_alone(evicted: dict[str, int], service: str) -> None:
    for group in neighbours(windows_with(evicted, service=service)):
        if group.path.endswith(".slice"):
            assert evicted.get(group.path, 0) > 0


def rows_of(*rows: Row, host: dict[str, list[int | None]] | None = None) -> Windows:
    return small_windows(
        cgroups={1: "/", SVC: "/dg/svc", 20: "/batch", 21: "/backup"},
        windows=2,
        cache=[row for row in rows if len(row) == 6],
        evictions=[row for row in rows if len(row) == 5],
        host=host,
    )


def test_inflow_is_the_share_of_what_flowed_in() -> None:
    windows = rows_of((0, 20, 0, 0, 300, 0), (0, SVC, 0, 0, 100, 0))
    share = inflow(windows, frozenset({20}))
    assert np.array_equal(share, [0.75, np.nan], equal_nan=True)


def test_growing_anonymous_memory_is_part_of_the_inflow_and_nobodys_cache() -> None:
    windows = rows_of((0, 20, 0, 0, 300, 0), host={"vmstat.nr_anon_pages": [100, 400, 300]})
    share = inflow(windows, frozenset({20}))
    assert np.array_equal(share, [0.5, np.nan], equal_nan=True)


def test_kswapds_evictions_are_apportioned_by_inflow_and_the_others_are_not() -> None:
    windows = rows_of(
        (0, 20, 0, 0, 300, 0),
        (0, 21, 0, 0, 100, 0),
        (0, 1, SVC, "kswapd", 80),
        (0, 20, SVC, "memcg-reclaim", 10),
        (0, 20, SVC, "invalidate", 1000),
        (1, 1, SVC, "kswapd", 5),
    )
    parts = {i: evicted_by(windows, frozenset({i})) for i in (20, 21)}
    assert [p.tolist() for p in parts[20] or ()] == [[10, 0], [60, 0]]
    assert [p.tolist() for p in parts[21] or ()] == [[0, 0], [20, 0]]


def test_apportioned_parts_never_exceed_the_whole() -> None:
    windows = rows_of((0, 20, 0, 0, 7, 0), (0, 21, 0, 0, 9, 0), (0, SVC, 0, 0, 3, 0), (0, 1, SVC, "kswapd", 1000))
    parts = [evicted_by(windows, frozenset({i})) for i in (20, 21, SVC)]
    assert sum(part[1].sum() for part in parts if part) == pytest.approx(1000)


def test_without_the_evictions_nothing_is_said_of_who_evicted() -> None:
    windows = small_windows(probes=[ProbeRecord(probe="page-cache", attached=True)])
    assert evicted_by(windows, frozenset({20})) is None
    assert inflow(small_windows(probes=[]), frozenset({20})) is None


def test_a_neighbour_is_a_value() -> None:
    assert Neighbour("/a", frozenset({1})) == Neighbour("/a", frozenset({1}))
