"""From a capture to its report, as a whole process, for captures of growing size."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from tests.benchmarks import processes
from tests.benchmarks.captures import grown
from tests.helpers.paths import CHECKOUT

SIZES = ((300, 50), (300, 200), (900, 400), (1800, 700), (3600, 1000))
"""Windows, and cgroups that bring pages into the cache in every one of them."""


PLOT = CHECKOUT / "docs" / "images" / "analysis.svg"


def _write(path: Path, windows: int, cgroups: int) -> None:
    small, _ = captures.load(RECORDED / "noisy-neighbour.capture.json.gz")
    path.write_bytes(captures.to_bytes(grown(small, windows, cgroups)))


def rows(repetitions: int) -> list[str]:
    """Return the Markdown table, and a plot of it below."""
    points = []
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
        points.append((count, run))
        lines.append(
            f"| {windows} | {cgroups} | {count:,} | {run.seconds:.2f} | {run.cpu_seconds:.2f} | "
            f"{run.cpu_seconds / count * 1e6:.2f} | {run.peak_bytes / processes.MIB:.0f} | "
            f"{run.peak_bytes / count:.0f} |"
        )
    _plot(points)
    return [*lines, "", f"![CPU time and memory by the rows of the capture]({PLOT.relative_to(CHECKOUT)})"]


def _plot(points: list[tuple[int, processes.Run]]) -> None:
    """Draw CPU time and memory over the rows, both from zero: what grows linearly lies on a straight line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    millions = [count / 1e6 for count, _ in points]
    for axes, label, values in zip(
        figure.subplots(1, 2),
        ("CPU seconds", "peak MiB"),
        ([run.cpu_seconds for _, run in points], [run.peak_bytes / processes.MIB for _, run in points]),
        strict=True,
    ):
        axes.plot(millions, values, "o-", color="#0072b2")
        axes.set(xlabel="rows of the capture, millions", ylabel=label, xlim=(0, None), ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.savefig(PLOT, metadata={"Date": None})
