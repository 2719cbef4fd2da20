"""Real containers for live tests: podman with runc and the cgroupfs driver, on any cgroup layout, without a registry.

The image is one static busybox. crun refuses hybrid hierarchies, and default ulimits need CAP_SYS_RESOURCE.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PODMAN = ("podman", "--runtime=runc", "--cgroup-manager=cgroupfs")
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--network=none")


def why_not() -> str:
    """Return why there can be no containers here, "" if there can."""
    missing = [name for name in ("podman", "runc", "busybox") if shutil.which(name) is None]
    return f"apt-get install podman runc busybox-static (no {', '.join(missing)})" if missing else ""


@dataclass(frozen=True)
class Container:
    name: str
    id: str
    pid: int


@contextmanager
def container(folder: Path, *command: str, options: tuple[str, ...] = ()) -> Iterator[Container]:
    """Run busybox's `command` in a container with a name of its own, and remove it; `folder` holds its files."""
    name = f"diagnose-test-{os.getpid()}-{time.monotonic_ns()}"
    root = folder / name
    for part in ("bin", "proc", "sys", "dev", "etc", "tmp", "run"):
        (root / part).mkdir(parents=True)
    shutil.copy(str(shutil.which("busybox")), root / "bin/busybox")
    run = [*PODMAN, "run", "--detach", f"--name={name}", *LIMITS, *options, "--rootfs", str(root), "/bin/busybox"]
    try:
        id_ = _output([*run, *command])
        pid = int(_output(["podman", "inspect", "--format={{.State.Pid}}", name]))
        yield Container(name, id_, pid)
    finally:
        subprocess.run([*PODMAN, "rm", "--force", "--time=0", name], check=False, capture_output=True)


def _output(command: list[str]) -> str:
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()
