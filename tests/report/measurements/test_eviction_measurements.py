"""Who removed the service's pages, as the report tells it: reclaim, gifts, and what kswapd took for whom."""

from __future__ import annotations

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture
from diagnose.report.measurements.build import measure
from diagnose.report.measurements.eviction_models import Evictions
from tests.helpers.small_capture import SVC, small_capture

BATCH = 20
PATHS = {1: "/", 10: "/dg", SVC: "/dg/svc", BATCH: "/dg/batch"}


def measured(capture: Capture) -> Evictions:
    found = measure(capture).evictions
    assert found is not None
    return found


def test_what_was_given_away_is_no_reclaim_of_anybody() -> None:
    rows = [
        (0, SVC, SVC, "invalidate", 40),
        (0, SVC, SVC, "memcg-reclaim", 3),
        (1, BATCH, SVC, "invalidate", 500),
        (1, BATCH, SVC, "memcg-reclaim", 7),
        (2, BATCH, SVC, "drop-caches", 1000),
    ]
    found = measured(small_capture(cgroups=PATHS, evictions=rows))
    by = found.of_service_by_pages
    assert (by["self"], by["neighbours"], by["dropped"]) == (3, 7, 1540)
    assert found.series.of_service_by_self_pages == [43, 0, 0, 0], "nobody else took what it gave away itself"
    assert found.series.of_service_by_others_pages == [0, 507, 1000, 0]


def test_kswapds_pages_are_apportioned_alike_in_findings_and_in_the_report() -> None:
    """Anonymous memory grew by three times what was inserted: a quarter is the batch job's doing, in both."""
    capture = small_capture(
        cgroups=PATHS,
        evictions=[(0, 1, SVC, "kswapd", 1000), (1, 1, SVC, "kswapd", 60)],
        cache=[(0, BATCH, 0, 0, 1000, 0)],
        host={"vmstat.nr_anon_pages": [0, 3000, 3000, 3000, 3000]},
    )
    found = measured(capture)
    assert [(row.cgroup, row.pages) for row in found.kswapd_apportioned or []] == [("/dg/batch", 250)]
    assert found.kswapd_unapportioned_pages == 810
    assert Facts(Windows(capture)).number("neighbour.apportioned_pages", "/dg/batch") == 250
