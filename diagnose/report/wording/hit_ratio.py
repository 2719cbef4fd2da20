"""Why no hit ratio is given, in words (pure)."""

from __future__ import annotations

from collections.abc import Callable

from diagnose.capture.hit_ratio import LOOKUP_TOLERANCE
from diagnose.report.measurements.cache_models import Refused, ServiceCache
from diagnose.units import percent


def withheld(cache: ServiceCache) -> str:
    """Return which two counters of the service's look-ups disagree, and how; "" where none do."""
    return _WORDS[cache.hit_ratio_refused](cache) if cache.hit_ratio_refused else ""


def _few_traced(cache: ServiceCache) -> str:
    least = percent(1 - LOOKUP_TOLERANCE)
    return f"its reads looked up {cache.looked_up_pages} pages, and the tracepoint of look-ups saw less than {least}"


def _more_missed(cache: ServiceCache) -> str:
    return f"{cache.missed_pages} pages missed of only {cache.looked_up_pages} looked up"


def _no_page_missed(cache: ServiceCache) -> str:
    return f"{cache.missed_reads} reads missed, yet no page did"


def _unexplained(_: ServiceCache) -> str:
    return "the report does not say how"


_WORDS: dict[Refused, Callable[[ServiceCache], str]] = {
    "few-traced": _few_traced,
    "more-missed": _more_missed,
    "no-page-missed": _no_page_missed,
    "unexplained": _unexplained,
}
