"""A device that stops answering: a loop device over a file whose disk is throttled to a byte a second."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diagnose.histogram import lower_edges
from diagnose.lab.groups import remove
from tests.helpers.checks import Check
from tests.helpers.tool import Tool
from tests.soak.scene import Scene, reader

STALL_SECONDS = 4.0
A_BIN = 0.125
"""How wide a bin of a latency is."""

_ON_A_LOOP = """
from pathlib import Path
from diagnose.lab.disks import mounted
with mounted(Path(here), "loop", 48 << 20) as disk:
    fd = os.open(disk.mount / "data", os.O_CREAT | os.O_RDWR, 0o600)
    for _ in range(16):  # all at once would be half of the service's limit
        os.write(fd, os.urandom(1 << 20))
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
    slowest = count = 0
    go()
    with open({blkio!r}, "w") as file:
        file.write(str(os.getpid()))
    until = time.monotonic() + {seconds}
    while time.monotonic() < until:
        begin = time.perf_counter_ns()
        os.pread(fd, PAGE, count % 4096 * PAGE)
        slowest = max(slowest, time.perf_counter_ns() - begin)
        count += 1
        time.sleep(0.01)
    done({{"reads": count, "bytes": count * PAGE, "slowest": slowest}})
"""


def stalls(scene: Scene, seconds: float) -> str:
    """A loop device that answers nothing for 4 s, and then goes on."""
    status = scene.here.here.stat()
    number = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"

    with throttled(scene) as directory:

        def stalled(tool: Tool) -> None:
            time.sleep(1.5)
            _limit(directory, number, "1")
            time.sleep(STALL_SECONDS)
            _limit(directory, number, "0" if scene.here.hierarchy.version == 1 else "max")

        code = _ON_A_LOOP.format(blkio=str(directory / "cgroup.procs"), seconds=STALL_SECONDS + 4)
        worker = scene.here.worker(scene.main, code)
        try:
            ending = scene.measured([worker, reader(scene, STALL_SECONDS + 4)], stalled)
        finally:
            worker.end()
    if ending.capture is not None:
        own, block = worker.result["slowest"] / 1e9, ending.capture.block_latency
        on_loop = [b for device, b in zip(block.device, block.bin, strict=True) if device.startswith("loop")]
        read, request = _longest(ending.capture.reads.bin), _longest(on_loop)
        scene.checks.append(Check("the slowest read, s", read, own, "the workload", A_BIN))
        scene.checks.append(Check("the slowest request, s", request, own, "the workload", A_BIN))
    return f"{STALL_SECONDS:.0f} s without an answer"


def _longest(bins: list[int]) -> float:
    """Return the middle of the last bin that was counted, in seconds."""
    last, edges = max(bins, default=0), lower_edges()
    return float(edges[last] + edges[last + 1]) / 2e9


@contextmanager
def throttled(scene: Scene) -> Iterator[Path]:
    """Yield the directory of a cgroup whose disk reads can be limited."""
    if scene.here.hierarchy.version == 2:
        yield scene.here.directory(scene.main)
        return
    directory = Path("/sys/fs/cgroup/blkio") / scene.here.top.lstrip("/")
    directory.mkdir()
    try:
        yield directory
    finally:
        remove(directory)


def _limit(directory: Path, number: str, value: str) -> None:
    v1 = directory / "blkio.throttle.read_bps_device"
    if v1.exists():
        v1.write_text(f"{number} {value}")
    else:
        (directory / "io.max").write_text(f"{number} rbps={value}")
