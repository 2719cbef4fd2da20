"""What is needed beside BPF: cgroups, counters, packages, and room for the demo."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

from diagnose.cgroups import Hierarchy
from diagnose.doctor.check import Check, Host
from diagnose.errors import DiagnoseError
from diagnose.lab.folder import SPARE_BYTES
from diagnose.lab.scenarios import SCENARIOS

PYTHON_PACKAGES = ("cgroupspy", "click", "jinja2", "numpy", "pydantic", "rich", "yaml")
DEMO_BYTES = max(scenario.file_bytes for scenario in SCENARIOS.values()) + SPARE_BYTES
DEMO_MEMORY_BYTES = 512 << 20


def memory_hierarchy(host: Host) -> Check:
    needs = "everything, with BPF and without: who owns and evicts a page"
    try:
        hierarchy = Hierarchy.discover(host.root)
    except DiagnoseError as error:
        detail, _, fix = str(error).rpartition(": ")
        return Check("memory cgroups", False, detail or str(error), needs, fix, essential=True)
    if host.root == Path("/") and (why := hierarchy.partial()) is not None:
        detail, _, fix = why.rpartition("; ")
        return Check("memory cgroups", False, detail, needs, fix, essential=True)
    return Check("memory cgroups", True, f"v{hierarchy.version} at {hierarchy.mount}", needs, essential=True)


def cgroup_version(host: Host) -> Check:
    """v1 measures all the same; what it cannot say is said."""
    needs = "pressure, limit events and reclaim of each cgroup, and memory.high and memory.low to set"
    name, fix = "cgroup v2", "boot with systemd.unified_cgroup_hierarchy=1 (cgroup_no_v1=all without systemd)"
    try:
        version = Hierarchy.discover(host.root).version
    except DiagnoseError:
        return Check(name, None, "no memory hierarchy", needs)
    if version == 2:
        return Check(name, True, "in use", needs)
    return Check(name, None, "the memory controller is on v1, which has none of these", needs, fix)


def pressure(host: Host) -> Check:
    needs = "the instrument pressure (how long tasks stall)"
    if host.read("proc/pressure/memory") is not None:
        return Check("PSI", True, "/proc/pressure", needs)
    fix = "boot with psi=1 (a kernel built with CONFIG_PSI=y)"
    return Check("PSI", False, "no readable /proc/pressure/memory", needs, fix)


def process_io(host: Host) -> Check:
    needs = "--no-bpf: who reads from devices"
    if host.read("proc/self/io") is None:
        fix = "boot a kernel built with CONFIG_TASK_IO_ACCOUNTING=y"
        return Check("process I/O", False, "no readable /proc/self/io", needs, fix)
    if host.is_root and not host.has("CAP_SYS_PTRACE"):
        fix = "start the container with --cap-add=SYS_PTRACE"
        return Check("process I/O", None, "of other users' processes unreadable without CAP_SYS_PTRACE", needs, fix)
    if not host.is_root:
        return Check("process I/O", None, "of other users' processes unreadable", needs, "sudo diagnose doctor")
    return Check("process I/O", True, "/proc/<pid>/io", needs)


def packages(_host: Host) -> Check:
    missing = [name for name in PYTHON_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return Check("Python packages", False, f"not installed: {', '.join(missing)}", "everything", "make install")
    return Check("Python packages", True, f"all {len(PYTHON_PACKAGES)} installed", "everything")


def disk(host: Host) -> Check:
    place = host.root / "var/tmp"
    if not place.is_dir():
        return Check("disk", None, f"no {place}", "demo", "TMPDIR=DIR diagnose demo")
    free = shutil.disk_usage(place).free
    detail = f"{free >> 20} MiB free in /var/tmp, the demo wants {DEMO_BYTES >> 20}"
    return Check("disk", free >= DEMO_BYTES, detail, "demo", None if free >= DEMO_BYTES else "TMPDIR=DIR diagnose demo")


def memory(host: Host) -> Check:
    text = host.read("proc/meminfo") or ""
    found = re.search(r"^MemAvailable: *([0-9]{1,16}) kB$", text, re.MULTILINE)
    if found is None:
        return Check("memory", None, "no MemAvailable in /proc/meminfo", "demo", "mount -t proc proc /proc")
    available = int(found[1]) << 10
    detail = f"{available >> 20} MiB available, the demo wants {DEMO_MEMORY_BYTES >> 20}"
    enough = available >= DEMO_MEMORY_BYTES
    return Check("memory", enough, detail, "demo", None if enough else "stop what holds it: diagnose services lists it")
