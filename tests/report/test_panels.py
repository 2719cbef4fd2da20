"""What is drawn over time, and whose cache: the service, whom the report blames, who evicts; the rest together."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.report.model import Report
from diagnose.report.panels import OTHERS, cached, not_drawn, panels
from tests.helpers.example_report import example_report

MIB = 1 << 20


def node(path: str, mib: list[int | None], own: bool = False) -> dict[str, Any]:
    values = [None if v is None else v * MIB for v in mib]
    peak = max((v for v in values if v is not None), default=None)
    return {"cgroup": path, "is_service": own, "file_bytes": {"peak": peak}, "series": {"file_bytes": values}}


def report(nodes: list[dict[str, Any]], evicted: dict[str, int], culprits: bool = False) -> Report:
    """Return the example with these caches, and with what some cgroups evicted of 100 of the service's pages."""
    bare = example_report()
    rows = [
        {"evictor": who, "victim_is_service": True, "cause": "memcg-reclaim", "pages": pages}
        for who, pages in evicted.items()
    ]
    numbers = {
        **bare.measurements,
        "cgroups": {"list": nodes, "omitted": 0},
        "evictions": {"of_service_pages": 100, "matrix": rows},
    }
    findings = bare.findings if culprits else []
    return bare.model_copy(update={"measurements": numbers, "findings": findings})


def lines(of: Report) -> dict[str, list[float | None]]:
    return {n["cgroup"]: [v and v / MIB for v in n["series"]["file_bytes"]] for n in cached(of)}


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
    rows = [{"cgroup": "/dg/svc", "is_service": True}]
    rows += [
        {"cgroup": f"/other-{i}", "is_service": False, **({"series": {"inserted_pages": v}} if v else {})}
        for i, v in enumerate(others)
    ]
    bare = report([SERVICE], {})
    numbers = {"page_cache": {"service": None, "cgroups": rows, "cgroups_omitted": omitted}}
    (panel,) = panels(bare.model_copy(update={"measurements": numbers}))
    assert (panel.title, list(panel.values)) == (title, [4, 6])
