"""From the command to the first window, and the commands that must be there at once."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from diagnose.lab.names import own_name
from tests.benchmarks import processes
from tests.benchmarks.overhead import reader

_COMMAND = """
import os, sys, time
from pathlib import Path
from diagnose import cli
from diagnose.cli import progress

started = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
ended = []
class Seen:
    def __call__(self, window):
        ended.append(time.monotonic())
    def end(self):
        print("first window", ended[0] - 0.5 - started, file=sys.stderr)
progress.chosen = lambda _: Seen
cli.main(["latency", "--service", sys.argv[1], "--duration", "0.5", "--window", "0.5", "--output", "-"])
"""
"""The command, with a progress display that notes when its first window is over; the clock began with the process."""
_SETTLED = "from diagnose.cli import _process; _process.settle(); import "
"""As every command begins: numpy looks at the environment once."""
_IMPORTS = {
    "import of what the compiler waits for": f"{_SETTLED} diagnose.cli.latency, diagnose.measure.build",
    "import of what measures and judges, meanwhile": f"{_SETTLED} diagnose.pipeline",
}


def rows(repetitions: int) -> list[str]:
    """Return the Markdown table."""
    with _compiled():
        first = _first_window(repetitions)
        lines = [
            "| What | Seconds (median) |",
            "|---|---:|",
            f"| `latency`, process start to the first window | {first:.2f} |",
        ]
        commands = {"`--help`": ["-m", "diagnose.cli", "--help"], **{n: ["-c", code] for n, code in _IMPORTS.items()}}
        for name, command in commands.items():
            lines.append(f"| {name} | {processes.median([sys.executable, *command], repetitions).seconds:.2f} |")
    return lines


@contextmanager
def _compiled() -> Iterator[None]:
    """Let Python keep what it has compiled, as it does of any installed package, and compile it before the clock."""
    forbidden = os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with TemporaryDirectory() as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        try:
            for code in (
                *_IMPORTS.values(),
                "import diagnose.cli, diagnose.report.formats.delivery, diagnose.report.charts",
            ):
                subprocess.run([sys.executable, "-c", code], check=True)
            yield
        finally:
            del os.environ["PYTHONPYCACHEPREFIX"]
            if forbidden is not None:
                os.environ["PYTHONDONTWRITEBYTECODE"] = forbidden


def _first_window(repetitions: int) -> float:
    command = [sys.executable, "-c", _COMMAND, f"/{own_name()}/observed"]
    with reader("cached"):
        done = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(repetitions + 1)]
    seconds = [
        float(found[1]) for d in done[1:] if (found := re.search(r"^first window (.+)$", d.stderr, re.MULTILINE))
    ]
    return statistics.median(seconds)  # without the first: it compiles Python as well
