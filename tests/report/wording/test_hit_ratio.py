"""Why there is no hit ratio, in words."""

from __future__ import annotations

import pytest

from diagnose.report.measurements.cache_models import HitRatioSeries, Refused, ServiceCache
from diagnose.report.wording.hit_ratio import withheld


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("few-traced", "its reads looked up 700 pages, and the tracepoint of look-ups saw less than 90 %"),
        ("more-missed", "60 pages missed of only 700 looked up"),
        ("no-page-missed", "50 reads missed, yet no page did"),
        ("unexplained", "the report does not say how"),
        (None, ""),
    ],
)
def test_the_counters_that_disagree_are_named_with_their_numbers(code: Refused | None, words: str) -> None:
    cache = ServiceCache(
        hit_ratio=None, hit_ratio_refused=code, lowest_hit_ratio=None, looked_up_pages=700, missed_pages=60,
        missed_reads=50, series=HitRatioSeries(hit_ratio=[], looked_up_pages=[], missed_pages=[]),
    )  # fmt: skip
    assert withheld(cache) == words
