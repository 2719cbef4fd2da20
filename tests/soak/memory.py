"""Little memory for the tool itself."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from diagnose.lab.groups import remove
from tests.helpers.live import MIB
from tests.helpers.tool import bpf_ids, left_of
from tests.soak.scene import Scene, reader

LIMITS_MIB = (8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 256)
ENOUGH_MIB = 256
WAIT_SECONDS = 20.0


def memory(scene: Scene, seconds: float) -> str:
    """The tool in a cgroup of its own with 8 to 256 MiB: a report, one line, or the OOM killer."""
    enough = 0
    for limit in LIMITS_MIB:
        directory = scene.here.directory(scene.here.make(f"/limited-{limit}", limit * MIB))
        code = _confined(scene, directory)
        if code in (0, 1):
            enough = enough or limit
        elif limit == ENOUGH_MIB:
            scene.faults.append(f"{limit} MiB are not enough: {scene.ends[-1]}")
        if not remove(directory):
            scene.faults.append(f"a process stays in the cgroup of {limit} MiB")
    return f"8 to {LIMITS_MIB[-1]} MiB; from {enough} MiB on a report"


def _confined(scene: Scene, directory: Path) -> int:
    """Run a capture with that cgroup's memory; returns its exit status."""
    worker, output = reader(scene, 2.0), scene.new_output()
    join = ("sh", "-c", f'echo $$ > {directory}/cgroup.procs && exec "$@"', "sh")
    with scene.tool(output, "--window", "0.5", "--duration", "3", before=join) as tool:
        worker.begin()
        deadline, ids = time.monotonic() + WAIT_SECONDS, bpf_ids(tool.process.pid)
        while tool.process.poll() is None and time.monotonic() < deadline:
            for kind, numbers in bpf_ids(tool.process.pid).items():
                ids[kind] |= numbers
            time.sleep(0.1)
        worker.finish()
        ending = scene.end(tool, output, None if tool.process.poll() is not None else signal.SIGINT)
    scene.faults += [f"{kind} {number} stays after {ending.said}" for kind, number in left_of(ids)]
    if ending.code < 0 and output.exists():
        scene.faults.append(f"killed, and left {sorted(path.name for path in output.iterdir())}")
    return ending.code
