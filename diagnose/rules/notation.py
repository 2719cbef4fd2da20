"""The compact notation for the facts of a rule's tests, after promtool's.

A series: `3` a window, `_` a missing one, `1+2x5` the value 1 and five more, each 2 greater (1 3 5 7 9 11), `0x10` the
value 0 and ten more, `_x5` five missing ones. A histogram: `9900@1us` 9900 samples lognormally about a median of 1 µs,
`100@1ms~0.4` the same with a standard deviation of 0.4 decades (0.1 unless said otherwise).
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from diagnose import histogram

MAX_WINDOWS = 10_000

_UNSIGNED = r"(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})(?:e[-+]?[0-9]{1,2})?"
_NUMBER = rf"[-+]?{_UNSIGNED}"
_RUN = re.compile(rf"(?P<value>{_NUMBER}|_)(?:(?P<step>[-+]{_UNSIGNED})?x(?P<times>[0-9]{{1,5}}))?")
_LUMP = re.compile(
    rf"(?P<count>[0-9]{{1,12}})@(?P<median>{_UNSIGNED})(?P<unit>ns|us|µs|ms|s)(?:~(?P<decades>{_UNSIGNED}))?"
)
_UNITS = {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9}


def series(text: str) -> NDArray[np.float64]:
    """Return the windows of a series, shape (windows,), NaN for missing ones; raises ValueError naming the bad word."""
    values: list[float] = []
    for word in text.split():
        values += _run(word, MAX_WINDOWS - len(values))
    if not values:
        raise ValueError("an empty series; write `_` for a missing window, or leave the fact out")
    return np.array(values)


def _run(word: str, room: int) -> list[float]:
    match = _RUN.fullmatch(word)
    if match is None or (match["value"] == "_" and match["step"]):
        raise ValueError(f"`{word[:40]}` is no series; write values as in `3 _ 1+2x5 0x10 _x5`")
    times = int(match["times"] or 0)
    # As in promtool: `_x5` are five, while `0x5` are a value and five more.
    length = times if match["value"] == "_" and match["times"] else times + 1
    if length > room:
        raise ValueError(f"a series of more than {MAX_WINDOWS} windows")
    if match["value"] == "_":
        return [math.nan] * length
    first, step = float(match["value"]), float(match["step"] or 0)
    return [first + i * step for i in range(length)]


def histogram_counts(text: str) -> NDArray[np.int64]:
    """Return the histogram (shape (BINS,)) of lumps such as `9900@1us 100@1ms~0.4`; raises ValueError."""
    total = np.zeros(histogram.BINS)
    words = text.split()
    for word in words:
        match = _LUMP.fullmatch(word)
        if match is None:
            raise ValueError(f"`{word[:40]}` is no part of a histogram; write it as in `9900@1us 100@1ms~0.4`")
        median, decades = float(match["median"]) * _UNITS[match["unit"]], float(match["decades"] or 0.1)
        if not (0.5 <= median <= 1e12 and 0 < decades <= 5):
            raise ValueError(f"`{word[:40]}`: the median is 0.5 ns to 1000 s, the deviation at most 5 decades")
        total += int(match["count"]) * _lump(math.log10(median), decades)
    if not words:
        raise ValueError("an empty histogram; leave the fact out if it was not measured")
    # Rounding the running total instead of each bin keeps the number of samples.
    return np.diff(np.rint(np.cumsum(total)), prepend=0.0).astype(np.int64)


def _lump(centre: float, decades: float) -> NDArray[np.float64]:
    """Return the share of a lognormal in every bin; what lies beyond the ends goes into the end bins."""
    edges = np.log10(np.maximum(histogram.lower_edges(), 0.5))
    below = np.array([0.5 * math.erfc((centre - float(e)) / (decades * math.sqrt(2))) for e in edges])
    below[0], below[-1] = 0.0, 1.0
    return np.diff(below)
