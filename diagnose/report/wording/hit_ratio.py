"""Why no hit ratio is given, in words (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diagnose.capture.hit_ratio import LOOKUP_TOLERANCE, Withheld
from diagnose.units import percent

Node = dict[str, Any]


def withheld(cache: Node) -> str:
    """Return which two counters of the service's look-ups (`measurements.page_cache.service`) disagree, and how."""
    return _WORDS[cache["hit_ratio_refused"]](cache)


def _few_traced(cache: Node) -> str:
    least = percent(1 - LOOKUP_TOLERANCE)
    return f"its reads looked up {cache['looked_up_pages']} pages, and the tracepoint of look-ups saw less than {least}"


def _more_missed(cache: Node) -> str:
    return f"{cache['missed_pages']} pages missed of only {cache['looked_up_pages']} looked up"


def _no_page_missed(cache: Node) -> str:
    return f"{cache['missed_reads']} reads missed, yet no page did"


_WORDS: dict[Withheld, Callable[[Node], str]] = {
    "few-traced": _few_traced,
    "more-missed": _more_missed,
    "no-page-missed": _no_page_missed,
}
