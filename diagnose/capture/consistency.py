"""What no host can have measured, although every single value of the capture is of the right type (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from diagnose.capture.bounds import MAX_CGROUPS, MAX_FOLDERS, MAX_ROWS
from diagnose.capture.columns import Column, Whole
from diagnose.capture.model import Capture
from diagnose.capture.sums import contradictions
from diagnose.capture.tables import CGROUP_COLUMNS, tables_of
from diagnose.escape import visible
from diagnose.histogram import BINS

_MAX_SUM = 2**62
"""What a column may add up to: half of what 64 bits hold, which no host gets to within a capture."""
_NOT_SUMMED = frozenset(("window", "inode", *CGROUP_COLUMNS))
_COUNTED = 1 << 23
_PATH = re.compile(r"/|(/(?!\.{1,2}(/|$))[^/]+)+")


def impossible(capture: Capture) -> Iterator[str]:
    """Yield what is impossible, a phrase each, which says where."""
    yield from _windows(capture)
    yield from _rows(capture)
    yield from _paths(capture)
    yield from _cgroups(capture)
    yield from _cells(capture)
    yield from contradictions(capture)


def _windows(capture: Capture) -> Iterator[str]:
    for samples in (capture.cgroup_samples, capture.host_samples):
        if len(samples.window) and (last := int(np.max(samples.window))) >= capture.windows:
            yield f"{type(samples).__name__}: a reading of window {last}, of {capture.windows}"


def _rows(capture: Capture) -> Iterator[str]:
    for name, most in MAX_ROWS.items():
        table: Any = capture
        for part in name.split("."):
            table = None if table is None else getattr(table, part)
        if table is not None and len(table.window) > 2 * most * (capture.windows + 1):
            yield f"{name}: {len(table.window):,} rows in {capture.windows:,} windows; there can be {most:,} in each"


def _paths(capture: Capture) -> Iterator[str]:
    paths = [capture.service.cgroup, *(c.path for c in capture.cgroups)]
    if (folders := sum(path.count("/") for path in paths)) > MAX_FOLDERS:
        yield f"cgroups: {folders:,} folders in their paths; there can be {MAX_FOLDERS:,}"
    for path in paths:
        if not _PATH.fullmatch(path):
            yield f"'{visible(path)[:80]}' is no cgroup path"


def _cgroups(capture: Capture) -> Iterator[str]:
    for table in (*tables_of(capture), capture.cgroup_samples):
        for name in CGROUP_COLUMNS:
            column = getattr(table, name, None)
            if isinstance(column, Column) and (different := _different(column.numbers)) > MAX_CGROUPS:
                yield f"{type(table).__name__}.{name}: {different:,} different cgroups; there can be {MAX_CGROUPS:,}"


def _different(ids: Whole) -> int:
    """Return how many different ids there are, or a number that is no smaller and small enough."""
    if ids.size <= MAX_CGROUPS:
        return ids.size
    lowest, span = ids.min(), int(ids.max()) - int(ids.min())
    if span < MAX_CGROUPS:
        return span + 1
    if span < _COUNTED:  # counting is faster than sorting
        return int(np.count_nonzero(np.bincount((ids - lowest).astype(np.int64))))
    return np.unique(ids).size


def _cells(capture: Capture) -> Iterator[str]:
    for table in tables_of(capture):
        for column, values in table.columns().items():
            if not isinstance(values, Column):
                continue  # of words
            if column == "bin" and len(values) and int(np.max(values)) >= BINS:
                yield f"{type(table).__name__}: a bin past the last ({BINS - 1})"
            if column not in _NOT_SUMMED and values.total() > _MAX_SUM:
                yield f"{type(table).__name__}.{column} adds up to more than a host can count"
