"""The latency of the service's reads of files over time: what the heat map and the two modes are drawn from (pure)."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.windows import FILE_KINDS
from diagnose.histogram import BINS, BINS_PER_OCTAVE, lower_edges
from diagnose.report.measurements.frame import Frame, Ints, sums_by
from diagnose.report.measurements.read_models import LatencyMap

MAX_COLUMNS = 120
"""Of the map: as many as a page shows apart; longer captures are merged."""
ROWS_PER_OCTAVE = 4
_BINS_A_ROW = BINS_PER_OCTAVE // ROWS_PER_OCTAVE


def latency_map(frame: Frame, window: Ints, kind: Ints, bins: Ints, count: Ints) -> LatencyMap:
    """Return reads by latency and time, a column of `windows_per_column` windows, from the fastest to the slowest.

    `window`, `kind` (its place in FILE_KINDS), `bins` and `count` are columns of one length.
    """
    wide = max(1, -(-frame.capture.windows // MAX_COLUMNS))
    columns, rows = -(-frame.capture.windows // wide), BINS // _BINS_A_ROW
    row = bins // _BINS_A_ROW
    table = sums_by(row * columns + window // wide, count, rows * columns).reshape(rows, columns)
    split = sums_by(kind * rows + row, count, len(FILE_KINDS) * rows).reshape(len(FILE_KINDS), rows)
    filled = np.flatnonzero(table.sum(axis=1))
    part = slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, 0)
    edges = lower_edges()[::_BINS_A_ROW] / 1e9
    return LatencyMap(
        windows_per_column=wide,
        lower_seconds=edges[:-1][part].tolist(),
        upper_seconds=edges[1:][part].tolist(),
        kinds={name: split[i, part].tolist() for i, name in enumerate(FILE_KINDS)},
        reads=table[part].tolist(),
    )
