"""Who is behind the removal of the service's pages."""

from __future__ import annotations

import pytest

from diagnose.analysis.evictions import EVICTED, by_the_service, by_whom, evicted
from diagnose.analysis.windows import CAUSES
from diagnose.capture.base import Cause, EvictedBy
from diagnose.capture.model import ProbeRecord
from tests.helpers.small_capture import SVC, small_windows

BATCH, WORKER, VANISHED = 20, 12, 99
PATHS = {1: "/", 10: "/dg", SVC: "/dg/svc", WORKER: "/dg/svc/worker", BATCH: "/dg/batch"}


@pytest.mark.parametrize(
    ("evictor", "cause", "who"),
    [
        (BATCH, "memcg-reclaim", "neighbours"),
        (VANISHED, "direct-reclaim", "neighbours"),
        (10, "memcg-reclaim", "neighbours"),
        (SVC, "memcg-reclaim", "self"),
        (WORKER, "direct-reclaim", "self"),
        (0, "direct-reclaim", "unknown"),
        (1, "kswapd", "kswapd"),
        (0, "kswapd", "kswapd"),
        (1, "proactive", "proactive"),
        (SVC, "proactive", "proactive"),
        (BATCH, "drop-caches", "dropped"),
        (SVC, "invalidate", "dropped"),
        (SVC, "truncate", "truncated"),
    ],
)
def test_each_page_has_one_who_is_behind_it(evictor: int, cause: Cause, who: EvictedBy) -> None:
    windows = small_windows(cgroups=PATHS, evictions=[(2, evictor, WORKER, cause, 7), (2, evictor, BATCH, cause, 1)])
    found, lost = by_whom(windows), evicted(windows)
    assert found is not None
    assert lost is not None
    assert {name: pages.tolist() for name, pages in found.items() if pages.any()} == {who: [0, 0, 7, 0]}
    assert lost.sum() == (0 if who == "truncated" else 7)


def test_what_the_service_gave_away_nobody_else_took() -> None:
    rows = [(0, SVC, SVC, "invalidate", 5), (1, SVC, SVC, "memcg-reclaim", 3), (1, BATCH, SVC, "invalidate", 9)]
    own = by_the_service(small_windows(cgroups=PATHS, evictions=rows))
    assert own is not None
    assert own.tolist() == [5, 3, 0, 0]


def test_what_was_not_measured_is_not_known() -> None:
    windows = small_windows(probes=[ProbeRecord(probe="evictions", attached=False, reason="x")])
    assert (by_whom(windows), evicted(windows), by_the_service(windows)) == (None, None, None)


def test_truncation_evicts_nothing() -> None:
    assert set(CAUSES) - set(EVICTED) == {"truncate"}
