"""Captures again and again in one process: what it holds must not grow."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys

from tests.helpers.checks import Check
from tests.soak.left import MARK
from tests.soak.scene import Scene, reader

RUNS, SETTLED = 24, 8
KIB_A_RUN = 256
"""What resident memory may grow by from run to run: clang's heap, on which each compiles, is fragmented."""

_AGAIN = """
import json, os, sys
from pathlib import Path
from diagnose import pipeline, rules
from diagnose.measure.schedule import Plan
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import resolve
import time
hierarchy = Hierarchy.discover()
for _ in range(int(sys.argv[2])):
    service = resolve(sys.argv[1], hierarchy)
    until = time.monotonic() + 0.7
    def wait(seconds):
        time.sleep(seconds)
        return time.monotonic() > until
    capture = pipeline.record(service, hierarchy, Plan(10, 0.1), wait, lambda _: None)
    pipeline.analyse(capture, rules.load_rules())
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    threads = int(status["Threads"])
    print(json.dumps([int(status["VmRSS"].split()[0]), len(os.listdir("/proc/self/fd")), threads]), flush=True)
"""


def leaks(scene: Scene, seconds: float) -> str:
    """Captures and reports again and again in one process: memory, file descriptors, threads."""
    worker = reader(scene, 60.0)
    worker.begin()
    done = subprocess.run(
        [sys.executable, "-c", _AGAIN, scene.service, str(RUNS)],
        env={**os.environ, MARK: scene.before.mark, "TMPDIR": str(scene.temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        scene.faults.append(f"captures in one process: {done.stderr.strip()[-600:]}")
        return "failed"
    seen = [json.loads(line) for line in done.stdout.splitlines()][SETTLED:]
    growth = statistics.linear_regression(range(len(seen)), [resident for resident, _, _ in seen]).slope
    scene.checks += [
        Check("growth of memory, KiB a run", max(growth, 0.0), 0, "/proc/PID/status", slack=KIB_A_RUN),
        Check("file descriptors", seen[-1][1], seen[0][1], f"those after run {SETTLED + 1}"),
        Check("threads", seen[-1][2], seen[0][2], f"those after run {SETTLED + 1}"),
    ]
    return f"{RUNS} captures, {growth:+.0f} KiB each after the first {SETTLED}"
