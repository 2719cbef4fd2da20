"""What can be measured on this host, what cannot, and the command that changes it.

Every look is at a file below an injectable root; the two that cannot be (the bpf() system call and the import of bcc)
are functions that a test replaces.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib.util
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from diagnose.cgroups import Hierarchy
from diagnose.errors import CannotMeasureError, DiagnoseError
from diagnose.lab.folder import SPARE_BYTES
from diagnose.lab.scenarios import SCENARIOS

_CAP_SYS_ADMIN, _CAP_PERFMON, _CAP_BPF = 21, 38, 39  # linux/capability.h
_BPF_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "s390x": 351, "ppc64le": 361}
PYTHON_PACKAGES = ("cgroupspy", "click", "jinja2", "numpy", "pydantic", "rich", "yaml")
DEMO_BYTES = max(scenario.file_bytes for scenario in SCENARIOS.values()) + SPARE_BYTES
DEMO_MEMORY_BYTES = 512 << 20


@dataclass(frozen=True)
class Check:
    """One look at the host. `ok` None: it could not be told, or it matters for an extra only."""

    name: str
    ok: bool | None
    detail: str
    enables: str
    """What needs it: "everything", an instrument, "demo"."""
    fix: str | None = None
    """The exact command that changes it, where there is one."""
    essential: bool = False
    """Without it nothing can be measured at all."""


@dataclass(frozen=True)
class Host:
    """Where to look: the root of the file system, and what has no file."""

    root: Path
    find_bcc: Callable[[], Path]
    bpf_errno: Callable[[], int | None]
    tracepoints: dict[str, list[str]]
    private_tracefs: bool = False
    """tracefs was mounted for this process alone, as a measurement does."""

    def read(self, path: str) -> str | None:
        """Return the text of a file below the root, None if it cannot be read."""
        try:
            return (self.root / path).read_text(errors="replace")
        except OSError:
            return None


def this_host(root: Path = Path("/")) -> Host:
    """Return the running host, files looked up below `root`."""
    from diagnose import probes  # here: importing the instruments is the costly part, and tests replace it
    from diagnose.probes import _bpf, _tracefs

    private = False
    if not _tracefs.mounted():
        with contextlib.suppress(CannotMeasureError):  # the check of tracefs reports it
            _tracefs.ensure()
            private = True
    return Host(root, _bpf.find_bcc, bpf_errno, probes.TRACEPOINTS, private)


def bpf_errno() -> int | None:
    """Ask the kernel for a small array map and give it back: 0 if it grants one, else errno; None: machine unknown."""
    number = _BPF_SYSCALL.get(platform.machine())
    if number is None:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = (ctypes.c_uint32 * 18)(2, 4, 8, 1)  # BPF_MAP_TYPE_ARRAY, key 4 bytes, value 8 bytes, 1 entry
    fd = libc.syscall(number, 0, ctypes.byref(attributes), ctypes.sizeof(attributes))  # 0: BPF_MAP_CREATE
    if fd < 0:
        return ctypes.get_errno()
    os.close(fd)
    return 0


def checks(host: Host | None = None) -> list[Check]:
    """Look at everything the tool needs, in the order a person would fix it."""
    host = host or this_host()
    return [
        _capabilities(host),
        _bpf(host),
        _lockdown(host),
        _bcc(host),
        _btf(host),
        _tracefs(host),
        *_tracepoints(host),
        _memory_hierarchy(host),
        _pressure(host),
        _kallsyms(host),
        _packages(),
        _disk(host),
        _memory(host),
    ]


def exit_code(found: list[Check]) -> int:
    """Return 0 if the battery can measure here, 3 if something essential is missing."""
    return 3 if blocking(found) else 0


def blocking(found: list[Check]) -> list[Check]:
    """Return the checks that keep the battery from measuring anything."""
    return [check for check in found if check.essential and check.ok is False]


def as_json(found: list[Check]) -> str:
    """Return the checks as a JSON object: `can_measure` and `checks`."""
    return json.dumps({"can_measure": not blocking(found), "checks": [asdict(check) for check in found]}, indent=2)


def as_text(found: list[Check]) -> str:
    """Return the checks as lines: state, name, detail, and the fix below where something is missing."""
    return "\n".join(_lines(found))


def _lines(found: list[Check]) -> Iterator[str]:
    width = max(len(check.name) for check in found)
    for check in found:
        state = {True: "ok", False: "MISSING" if check.essential else "missing", None: "?"}[check.ok]
        yield f"{state:<8}{check.name:<{width}}  {check.detail}"
        if check.ok is not True:
            yield f"{'':<8}{'':<{width}}  needed for: {check.enables}"
            if check.fix:
                yield f"{'':<8}{'':<{width}}  fix: {check.fix}"
    stopping = ", ".join(check.name for check in blocking(found))
    yield f"\nCannot measure here: {stopping}." if stopping else "\nThe battery can measure here."


# ---------------------------------------------------------------- the checks


def _capabilities(host: Host) -> Check:
    everything = "everything: BPF programs and tracepoints"
    status = host.read("proc/self/status")
    words = [line.split()[1] for line in (status or "").splitlines() if line.startswith("CapEff:")]
    if not words:
        return Check("capabilities", None, "cannot read /proc/self/status", everything, "mount -t proc proc /proc")
    effective = int(words[0], 16)
    has = {bit: bool(effective >> bit & 1) for bit in (_CAP_SYS_ADMIN, _CAP_PERFMON, _CAP_BPF)}
    if has[_CAP_SYS_ADMIN] or (has[_CAP_BPF] and has[_CAP_PERFMON]):
        which = "CAP_SYS_ADMIN" if has[_CAP_SYS_ADMIN] else "CAP_BPF and CAP_PERFMON"
        return Check("capabilities", True, which, everything, essential=True)
    detail = "neither CAP_SYS_ADMIN nor CAP_BPF with CAP_PERFMON"
    return Check("capabilities", False, detail, everything, "sudo diagnose doctor", essential=True)


def _bpf(host: Host) -> Check:
    answer = host.bpf_errno()
    everything = "everything"
    if answer is None:
        return Check("bpf()", None, f"not tried: unknown machine {platform.machine()}", everything, essential=True)
    if answer == 0:
        return Check("bpf()", True, "the kernel grants a map", everything, essential=True)
    if answer == errno.ENOSYS:
        return Check("bpf()", False, "kernel built without CONFIG_BPF_SYSCALL", everything, essential=True)
    unprivileged = (host.read("proc/sys/kernel/unprivileged_bpf_disabled") or "?").strip()
    why = f"refused: {os.strerror(answer)} (kernel.unprivileged_bpf_disabled = {unprivileged})"
    return Check("bpf()", False, why, everything, "sudo diagnose doctor", essential=True)


def _lockdown(host: Host) -> Check:
    text = host.read("sys/kernel/security/lockdown")
    if text is None:
        return Check("lockdown", True, "not in force, or not shown", "everything")
    mode = text.partition("[")[2].partition("]")[0]
    needs = "everything: confidentiality mode keeps BPF from reading kernel memory"
    if mode == "confidentiality":
        return Check("lockdown", False, mode, needs, "boot without lockdown=confidentiality", essential=True)
    return Check("lockdown", True, mode or "unknown mode", needs, essential=True)


def _bcc(host: Host) -> Check:
    needs = "everything: compiles the BPF programs"
    try:
        folder = host.find_bcc()
    except CannotMeasureError as error:
        return Check("bcc", False, str(error), needs, "apt-get install -y python3-bpfcc", essential=True)
    return Check("bcc", True, str(folder), needs, essential=True)


def _btf(host: Host) -> Check:
    needs = "everything: the offsets of the kernel's structures"
    blob = host.root / "sys/kernel/btf/vmlinux"
    if os.access(blob, os.R_OK):
        return Check("BTF", True, f"/sys/kernel/btf/vmlinux, {blob.stat().st_size >> 10} KiB", needs, essential=True)
    return Check("BTF", False, "no readable /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)", needs, essential=True)


def _events(host: Host) -> Path | None:
    for place in ("sys/kernel/tracing", "sys/kernel/debug/tracing"):
        events = host.root / place / "events"
        if os.access(events, os.R_OK | os.X_OK):
            return events
    return None


def _tracefs(host: Host) -> Check:
    needs = "everything: the tracepoints' ids"
    if events := _events(host):
        how = "mounted for this process alone" if host.private_tracefs else "readable"
        return Check("tracefs", True, f"{how} at {events.parent}", needs)
    command = "mount -t tracefs tracefs /sys/kernel/tracing"
    types = host.read("proc/filesystems") or ""
    if "tracefs" not in types.split():
        return Check("tracefs", False, "this kernel has no tracefs (CONFIG_TRACING)", needs, essential=True)
    return Check("tracefs", None, "not mounted; a run as root mounts it for itself alone", needs, command)


def _tracepoints(host: Host) -> Iterator[Check]:
    """One check an instrument; a raw tracepoint (without category) is looked for under every category."""
    events = _events(host)
    for probe, wanted in host.tracepoints.items():
        name, needs = f"tracepoints: {probe}", f"the instrument {probe}"
        if events is None:
            yield Check(name, None, f"{len(wanted)} not looked for: tracefs is not mounted", needs)
            continue
        missing = [event.replace("|", " or ") for event in wanted if not _has_event(host, events, event)]
        if missing:
            yield Check(name, False, f"not in this kernel: {', '.join(missing)}", needs)
        else:
            yield Check(name, True, f"all {len(wanted)} there", needs)


def _has_event(host: Host, events: Path, wanted: str) -> bool:
    names = wanted.split("|")
    places = [events / name.replace(":", "/") for name in names if ":" in name]
    kprobes = (
        any(n.startswith("kprobe:") for n in names)
        and (host.root / "sys/bus/event_source/devices/kprobe/type").exists()
    )
    return kprobes or any(p.is_dir() for p in places) or any(any(events.glob(f"*/{n}")) for n in names if ":" not in n)


def _memory_hierarchy(host: Host) -> Check:
    needs = "everything: who owns and evicts a page"
    try:
        hierarchy = Hierarchy.discover(host.root)
    except DiagnoseError as error:
        return Check("memory cgroups", False, str(error), needs, essential=True)
    return Check("memory cgroups", True, f"v{hierarchy.version} at {hierarchy.mount}", needs, essential=True)


def _pressure(host: Host) -> Check:
    needs = "the instrument pressure (how long tasks stall)"
    if host.read("proc/pressure/memory") is not None:
        return Check("PSI", True, "/proc/pressure", needs)
    return Check("PSI", False, "no readable /proc/pressure/memory", needs, "boot with psi=1")


def _kallsyms(host: Host) -> Check:
    needs = "telling apart why pages are removed outside reclaim"
    try:
        with (host.root / "proc/kallsyms").open() as lines:
            address = lines.readline().split(" ")[0]
    except OSError as error:
        return Check("kallsyms", None, f"/proc/kallsyms: {error.strerror}", needs)
    if address.strip("0"):
        return Check("kallsyms", True, "addresses readable", needs)
    return Check("kallsyms", None, "addresses hidden", needs, "sysctl kernel.kptr_restrict=1")


def _packages() -> Check:
    missing = [name for name in PYTHON_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return Check("Python packages", False, f"not installed: {', '.join(missing)}", "everything", "make install")
    return Check("Python packages", True, f"all {len(PYTHON_PACKAGES)} installed", "everything")


def _disk(host: Host) -> Check:
    place = host.root / "var/tmp"
    if not place.is_dir():
        return Check("disk", None, f"no {place}", "demo")
    free = shutil.disk_usage(place).free
    detail = f"{free >> 20} MiB free in /var/tmp, the demo wants {DEMO_BYTES >> 20}"
    return Check("disk", free >= DEMO_BYTES, detail, "demo", None if free >= DEMO_BYTES else "TMPDIR=DIR diagnose demo")


def _memory(host: Host) -> Check:
    text = host.read("proc/meminfo") or ""
    words = [line.split()[1] for line in text.splitlines() if line.startswith("MemAvailable:")]
    if not words:
        return Check("memory", None, "no MemAvailable in /proc/meminfo", "demo")
    available = int(words[0]) << 10
    detail = f"{available >> 20} MiB available, the demo wants {DEMO_MEMORY_BYTES >> 20}"
    return Check("memory", available >= DEMO_MEMORY_BYTES, detail, "demo")
