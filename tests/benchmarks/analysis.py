"""From a capture to its report, as a whole process, for captures of growing size."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from diagnose import capture as captures
from diagnose.demonstration import REPLAYS
from tests.benchmarks import processes
from tests.benchmarks.captures import grown

SIZES = ((300, 50), (300, 200), (900, 400), (1800, 700), (3600, 1000))
"""Windows, and cgroups that bring pages into the cache in every one of them."""


def _write(path: Path, windows: int, cgroups: int) -> None:
    small, _ = captures.load(REPLAYS / "noisy-neighbour.capture.json.gz")
    path.write_bytes(captures.to_bytes(grown(small, windows, cgroups)))


def rows(repetitions: int) -> list[str]:
    """Return the Markdown table."""
    lines = [
        "| Windows | Cgroups | Rows | Seconds | of CPU | µs of CPU a row | Peak MiB | bytes a row |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for windows, cgroups in SIZES:
        with tempfile.TemporaryDirectory(prefix="diagnose-bench-") as folder:
            path = Path(folder, "capture.json.gz")
            with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:  # so that this process stays small
                elsewhere.submit(_write, path, windows, cgroups).result()
            run = processes.median(
                [sys.executable, "-m", "diagnose.cli", "report", str(path), "--output", "-"], repetitions
            )
        count = windows * cgroups
        lines.append(
            f"| {windows} | {cgroups} | {count:,} | {run.seconds:.2f} | {run.cpu_seconds:.2f} | "
            f"{run.cpu_seconds / count * 1e6:.2f} | {run.peak_bytes / processes.MIB:.0f} | "
            f"{run.peak_bytes / count:.0f} |"
        )
    return lines
