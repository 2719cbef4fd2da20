"""What is drawn over time, and whose cache: the service, whom the report blames, who evicts; the rest together."""

from __future__ import annotations

import pytest

from diagnose.report.measurements.cache_models import (
    CacheTraffic,
    Cgroups,
    DrawnMemory,
    DrawnTraffic,
    InsertedSeries,
    Level,
    MemorySeries,
    PageCache,
)
from diagnose.report.measurements.eviction_models import Removed
from diagnose.report.measurements.model import Measurements
from diagnose.report.model import Report
from diagnose.report.panels import OTHERS, cached, not_drawn, panels
from tests.helpers.example_report import example_report

MIB = 1 << 20


def node(path: str, mib: list[int | None], own: bool = False) -> DrawnMemory:
    values = [None if v is None else v * MIB for v in mib]
    level = Level(start=None, peak=max((v for v in values if v is not None), default=None), end=None)
    return DrawnMemory(
        cgroup=path, managed_by=None, is_service=own, settings=None, file_bytes=level, usage_bytes=level,
        anon_bytes=level, refault_file_pages=None, limit_hits=None, series=MemorySeries(file_bytes=values),
    )  # fmt: skip


def report(nodes: list[DrawnMemory], evicted: dict[str, int], culprits: bool = False) -> Report:
    """Return the example with these caches, and with what some cgroups evicted of 100 of the service's pages."""
    bare = example_report()
    assert bare.measurements.evictions is not None
    rows = [
        Removed(
            evictor=who, evictor_label=who, victim="/dg/svc", victim_is_service=True, cause="memcg-reclaim",
            pages=pages, bytes=pages * 4096,
        )
        for who, pages in evicted.items()
    ]  # fmt: skip
    numbers = bare.measurements.model_copy(
        update={
            "cgroups": Cgroups(list=nodes, omitted=0),
            "evictions": bare.measurements.evictions.model_copy(update={"of_service_pages": 100, "matrix": rows}),
        }
    )
    return bare.model_copy(update={"measurements": numbers, "findings": bare.findings if culprits else []})


def lines(of: Report) -> dict[str, list[float | None]]:
    return {line.cgroup: [v and v / MIB for v in line.values] for line in cached(of)}


SERVICE, ROOT = node("/dg/svc", [10, 20], own=True), node("/", [40, 60])


def test_who_plays_no_part_is_drawn_with_all_others_as_one_line() -> None:
    drawn = lines(report([SERVICE, ROOT, node("/else", [9, 9]), node("/dg/a", [20, 15])], {"/dg/a": 5, "/else": 4}))
    assert drawn == {"/dg/svc": [10, 20], "/dg/a": [20, 15], OTHERS: [10, 25]}


def test_the_blamed_are_drawn_whatever_they_evicted() -> None:
    blamed = example_report().findings[0].culprits[0].cgroup
    assert list(lines(report([SERVICE, ROOT, node(blamed, [20, 30])], {}, culprits=True))) == [
        "/dg/svc",
        blamed,
        OTHERS,
    ]


def test_others_that_would_flatten_the_lines_are_told_instead() -> None:
    large = report([SERVICE, node("/", [900, 800])], {})
    assert list(lines(large)) == ["/dg/svc"]
    assert not_drawn(large) == "all others up to 890 MiB together, not drawn"
    assert not_drawn(report([SERVICE, ROOT], {})) != ""
    assert not_drawn(report([SERVICE, node("/", [12, 22])], {})) == ""


def test_readings_of_different_moments_make_nothing_negative_and_missing_ones_nothing_up() -> None:
    drawn = lines(report([node("/dg/svc", [10, 20, None], own=True), node("/", [9, 21, 30])], {}))
    assert drawn[OTHERS] == [0, 1, None]


def test_where_the_whole_is_not_known_others_are_drawn_apart() -> None:
    drawn = lines(report([SERVICE, node("/else", [1, 2]), node("/else/below", [1, 1])], {}))
    assert list(drawn) == ["/dg/svc", "/else"]


@pytest.mark.parametrize(
    ("others", "omitted", "title"),
    [
        ([[1, 2], [3, 4]], 0, "brought into the cache by all others"),
        ([[1, 2], [3, 4], None], 0, "brought into the cache by the 2 largest others"),
        ([[1, 2], [3, 4]], 7, "brought into the cache by the 2 largest others"),
    ],
)
def test_with_nobody_to_blame_what_all_others_brought_in_is_one_panel(
    others: list[list[int] | None], omitted: int, title: str
) -> None:
    rows = [traffic("/dg/svc", None, own=True), *(traffic(f"/other-{i}", v) for i, v in enumerate(others))]
    cache = PageCache(service=None, inserted_pages=10, cgroups=rows, cgroups_omitted=omitted)
    bare = report([SERVICE], {})
    (panel,) = panels(bare.model_copy(update={"measurements": Measurements(page_cache=cache)}))
    assert (panel.title, list(panel.values)) == (title, [4, 6])


def traffic(path: str, inserted: list[int] | None, own: bool = False) -> DrawnTraffic | CacheTraffic:
    row = CacheTraffic(
        cgroup=path, is_service=own, looked_up_pages=None, missed_pages=None, inserted_pages=None, dirtied_pages=None,
        inserted_share=None,
    )  # fmt: skip
    return row if inserted is None else DrawnTraffic(**dict(row), series=InsertedSeries(inserted_pages=inserted))
