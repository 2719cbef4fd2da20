"""A guest: a disk image with this checkout and what it imports, and one boot of a kernel that runs it.

All that runs in a guest comes from its own disks: memory is flooded there, and programs are read again and again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeVar

from tests.kernels.boot import Ended, boot
from tests.kernels.result import Check, Found, Result

CHECKOUT = Path(__file__).parents[2]
ROOT_IMAGE = "root.img"
PARTS = ("bpf", "diagnose", "reports", "rules", "tests", "pyproject.toml", "README.md")
NOT_NEEDED = ("mypy*", "*mypyc*", "ruff*", "pip*", "setuptools*", "playwright*", "*.pth")
DISK_BYTES = 4 << 30
TIMEOUT_SECONDS = 2400
F = TypeVar("F", bound=Found)
KEPT = "/kept"
RESULTS_TTY = "/dev/ttyS2"
ENVIRONMENT = "PYTHONPATH=/mnt/checkout:/mnt/checkout/tests:/mnt/site PYTHONDONTWRITEBYTECODE=1 TMPDIR=/mnt HOME=/root"
CGROUPS = {
    1: """mount -t tmpfs tmpfs /sys/fs/cgroup
for controller in memory blkio cpu cpuacct cpuset pids; do
  mkdir /sys/fs/cgroup/$controller && mount -t cgroup -o $controller cgroup /sys/fs/cgroup/$controller
done
mkdir /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified""",
    2: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
}
"""By version; v1 with a hierarchy a controller, beside one of v2 that has not got the memory controller."""
START = """#!/bin/bash
exec </dev/null >/dev/ttyS1 2>&1
export {environment} PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs tmpfs /tmp && mount -t tmpfs tmpfs /run
{cgroups}
mkdir -p /mnt{kept} && cd /mnt/checkout
ulimit -c unlimited && echo /mnt{kept}/core.%e.%p >/proc/sys/kernel/core_pattern
echo "booted in $(cut -d ' ' -f 1 /proc/uptime) s"
python3 -m tests.kernels.inside /mnt{kept} {more}
echo "python ended with status $?"
sync
echo o >/proc/sysrq-trigger
sleep 60
"""


def disk_image(path: Path, start: str, over: Mapping[str, str] = MappingProxyType({})) -> None:
    """Make an ext4 image that holds the checkout and its Python packages, compiled; the rest of it is free.

    `start` is the guest's first program, `over` text by path: files that are put over those of the root file system.
    """
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir=path.parent) as folder:
        stage = Path(folder)
        for part in PARTS:
            _copy(CHECKOUT / part, stage / "checkout" / part)
        _copy(Path(sysconfig.get_path("purelib")), stage / "site", NOT_NEEDED)
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(stage)], check=False, stdout=subprocess.DEVNULL)
        (stage / "start").write_text(start)
        (stage / "start").chmod(0o755)
        (stage / "over").mkdir()
        for name, text in over.items():
            file = stage / "over" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        with path.open("wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run([_tool("mkfs.ext4"), "-q", "-F", "-d", str(stage), str(path)], check=True)


def _copy(source: Path, target: Path, but: Sequence[str] = ()) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*but))
    else:
        shutil.copy(source, target)


def _tool(name: str) -> str:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or name


def mounts(kernel: Path, version: Literal[1, 2]) -> bool:
    """Say whether the memory controller of a kernel image DIR/boot/vmlinuz-RELEASE is there for that version."""
    return has_memory(kernel.with_name(kernel.name.replace("vmlinuz-", "config-")).read_text(), version)


def has_memory(config: str, version: Literal[1, 2]) -> bool:
    """Say the same by the text of the kernel's configuration.

    CONFIG_MEMCG is the controller; since Linux 6.11 what v1 adds is an option of its own, off by default.
    """
    lines = config.splitlines()
    return "CONFIG_MEMCG=y" in lines and (version == 2 or "# CONFIG_MEMCG_V1 is not set" not in lines)


def run(kernel: Path, root: Path, keep: Path, *more: str, version: Literal[1, 2] = 2) -> Result:
    """Boot a kernel image, run `inside.py` in it, with `more` arguments; its files go to `keep`.

    `version`: that of the cgroups that are mounted there.

    A guest that did not get to its end is a check that does not hold, with the last words of its kernel.
    """
    name, begin = kernel.name.removeprefix("vmlinuz-"), time.monotonic()

    def say(line: str) -> None:
        print(f"[{name.partition('-')[0]} {time.monotonic() - begin:4.0f} s] {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir="/var/tmp") as folder:
        disk = Path(folder) / "disk.img"
        disk_image(disk, start_text(version, *more))
        ended = boot(kernel, root, disk, keep, TIMEOUT_SECONDS, say)
        # Best effort, for who looks for a fault: a guest that died left its disk as it was.
        subprocess.run([_tool("debugfs"), "-R", f"rdump {KEPT} {keep}", str(disk)], check=False, capture_output=True)
    return told(Result(kernel=name, cgroup_version=version), ended)


def start_text(version: Literal[1, 2], *more: str) -> str:
    """Return a guest's first program (pure)."""
    return START.format(environment=ENVIRONMENT, cgroups=CGROUPS[version], kept=KEPT, more=" ".join(more))


def told(nothing: F, ended: Ended) -> F:
    """Return what a guest handed over, or `nothing`; with a check that does not hold if it died (pure)."""
    found = type(nothing).model_validate_json(ended.result) if ended.result else nothing
    found.seconds["boot to end"] = ended.seconds
    if ended.trouble or not found.finished:
        how = ended.trouble or "it shut down before its last step"
        last = " / ".join(ended.console) or "nothing"
        words = f"{how}; the last that its kernel said: {last}"
        found.checks.append(Check(what="the guest gets to its end", right=False, found=words))
    return found
