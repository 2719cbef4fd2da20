"""What is demanded of a report from a flooded host, on captures made of rows."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose import pipeline, rules
from diagnose.histogram import bin_of
from diagnose.report.formats.markdown import render_markdown
from tests.helpers.small_capture import MIB, small_capture
from tests.kernels.judge import judged, verified
from tests.kernels.result import Check

ROOT, TOP, SVC, BATCH, OTHER = 1, 10, 11, 12, 13
NAMES = {ROOT: "/", TOP: "/demo", SVC: "/demo/service", BATCH: "/demo/batch", OTHER: "/innocent"}
WINDOWS = 20
FAST, SLOW = bin_of(2_000), bin_of(900_000)


def checks(host: dict[str, Any] | None = None, **changes: Any) -> list[Check]:
    """Judge the report of a host on which the batch job's inflow makes kswapd evict the service."""
    windows = range(WINDOWS)
    parts: dict[str, Any] = {
        "cgroups": NAMES,
        "service": "/demo/service",
        "windows": WINDOWS,
        "reads": [row for w in windows for row in ((w, "hit", FAST, 4000), (w, "missed", SLOW, 400))],
        "totals": [
            row
            for w in windows
            for row in (
                (w, "hit", 4000, 8_000_000, 4000 * 4096, 4000, 0),
                (w, "missed", 400, 360_000_000, 400 * 4096, 400, 400),
            )
        ],
        "cache": [row for w in windows for row in ((w, BATCH, 9000, 9000, 9000, 0), (w, SVC, 4400, 400, 400, 0))],
        "evictions": [(w, ROOT, SVC, "kswapd", 400) for w in windows],
        "samples": {
            (SVC, "usage_bytes"): [300 * MIB] * (WINDOWS + 1),
            (SVC, "refault_file_pages"): [400 * w for w in range(WINDOWS + 1)],
            (BATCH, "usage_bytes"): [600 * MIB] * (WINDOWS + 1),
            (BATCH, "anon_bytes"): [20 * MIB] * (WINDOWS + 1),
            (TOP, "usage_bytes"): [900 * MIB] * (WINDOWS + 1),
        },
        "host": {"meminfo.MemAvailable_bytes": [12 << 30] * (WINDOWS + 1)},
        "cgroup_version": 2,
        **changes,
    }
    capture = small_capture(**parts)
    known = capture.host.model_copy(update=host or {})
    report = pipeline.analyse(capture.model_copy(update={"host": known}), rules.load_rules())
    return judged(report, render_markdown(report))


def test_evictions_of_kswapd_are_found_and_laid_to_who_made_it_run() -> None:
    evicts, laid, *_ = checks()
    assert (evicts.right, evicts.found) == (True, "8,000 of the 8,000 pages that it lost")
    assert laid.right
    assert laid.found.startswith("/batch 96%")


def test_without_kswapd_it_is_not_this_story() -> None:
    direct = checks(evictions=[(w, BATCH, SVC, "direct-reclaim", 400) for w in range(WINDOWS)])
    assert [c.right for c in direct[:2]] == [False, False]


def test_an_innocent_that_is_accused_is_wrong() -> None:
    both = [(w, who, 9000, 9000, 9000, 0) for w in range(WINDOWS) for who in (BATCH, OTHER)]
    assert not checks(cache=both)[1].right


def test_a_recommendation_that_is_not_made_is_missed() -> None:
    *_, changes, text = checks(cgroup_version=1)
    assert not changes.right
    assert not text.right


def test_where_generations_go_round_the_cgroups_containment_is_all() -> None:
    small = {"memory_bytes": 800 * MIB}
    *_, changes, _ = checks(small)
    assert changes.right
    assert "memory.low of /service" in changes.found
    *_, changes, text = checks({**small, "settings": {"lru_gen.enabled": 7, "lru_gen.rounds_of_cgroups": 1}})
    assert changes.right
    assert "memory.low" not in changes.found
    assert text.right


@pytest.mark.parametrize(
    ("verdict", "before", "after", "right"),
    [
        ("fixed", 0.6, 1.0, True),
        ("no change", 0.97, 1.0, True),
        ("no change", 0.97, 0.98, False),
        ("worse", 0.97, 1.0, False),
        ("no change", 1.0, 1.0, False),
    ],
)
def test_the_pair_is_judged_by_the_pages_that_are_missed_no_more(
    verdict: str, before: float, after: float, right: bool
) -> None:
    check = verified({"verdict": verdict, "before": {"hit_ratio": before}, "after": {"hit_ratio": after}}, verdict)
    assert check.right is right
    assert verdict in check.found
