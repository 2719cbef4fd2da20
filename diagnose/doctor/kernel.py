"""What BPF needs of the kernel and of the rights of this process."""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from diagnose.doctor.check import Check, Host
from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.attachment import Attachment

EVERYTHING = "everything; without it --no-bpf has cgroup files and counters alone"
IN_A_CONTAINER = "start the container with --cap-add=BPF --cap-add=PERFMON --cap-add=SYS_ADMIN"
UNFILTERED = (
    "start the container with --security-opt seccomp=unconfined (a systemd unit: SystemCallFilter=bpf perf_event_open)"
)
WITHOUT = {"mm_filemap_get_pages": "whole reads are classified, pages are not"}
"""What becomes of an instrument without one of its tracepoints."""
OPTIONS = {"syscalls": "CONFIG_FTRACE_SYSCALLS=y", "block": "CONFIG_BLOCK=y", "io_uring": "CONFIG_IO_URING=y"}
"""What builds a category of tracepoints into a kernel, where it is not CONFIG_FTRACE alone."""
_LINE_BYTES = 1024
"""More than the kernel writes of any symbol (KSYM_NAME_LEN is 512)."""


def capabilities(host: Host) -> Check:
    if host.status("CapEff") is None:
        return Check("capabilities", None, "cannot read /proc/self/status", EVERYTHING, "mount -t proc proc /proc")
    if not host.is_root:
        return Check("capabilities", False, "not root", EVERYTHING, "sudo diagnose doctor", essential=True)
    if host.has("CAP_SYS_ADMIN"):
        return Check("capabilities", True, "root with CAP_SYS_ADMIN", EVERYTHING, essential=True)
    if host.has("CAP_BPF") and host.has("CAP_PERFMON"):
        return Check("capabilities", True, "root with CAP_BPF and CAP_PERFMON", EVERYTHING, essential=True)
    detail = "root, but with neither CAP_SYS_ADMIN nor CAP_BPF and CAP_PERFMON"
    return Check("capabilities", False, detail, EVERYTHING, IN_A_CONTAINER, essential=True)


def bpf(host: Host) -> Check:
    answer = host.bpf_errno()
    if answer is None:
        return Check("bpf()", None, f"not tried: unknown machine {platform.machine()}", EVERYTHING, essential=True)
    if answer == 0:
        return Check("bpf()", True, "the kernel grants a map and a program", EVERYTHING, essential=True)
    if answer == errno.ENOSYS:
        detail, fix = "this kernel has no bpf()", "boot a kernel built with CONFIG_BPF_SYSCALL=y"
        return Check("bpf()", False, detail, EVERYTHING, fix, essential=True)
    unprivileged = (host.read("proc/sys/kernel/unprivileged_bpf_disabled") or "?").strip()
    filtered = "; a seccomp filter is in force" if host.filtered else ""
    why = f"refused: {os.strerror(answer)} (kernel.unprivileged_bpf_disabled = {unprivileged}{filtered})"
    return Check("bpf()", False, why, EVERYTHING, _rights(host), essential=True)


def perf_events(host: Host) -> Check:
    needs = "all tracepoints: perf_event_open() attaches the programs"
    answer = host.perf_errno()
    if answer is None:
        return Check("perf events", None, f"not tried: unknown machine {platform.machine()}", needs)
    if answer == 0:
        return Check("perf events", True, "the kernel grants one", needs)
    if answer == errno.ENOSYS and not host.filtered:
        return Check(
            "perf events", False, "this kernel has none", needs, "boot a kernel built with CONFIG_PERF_EVENTS=y"
        )
    paranoid = (host.read("proc/sys/kernel/perf_event_paranoid") or "?").strip()
    why = f"refused: {os.strerror(answer)} (kernel.perf_event_paranoid = {paranoid})"
    return Check("perf events", False, why, needs, _rights(host))


def _rights(host: Host) -> str:
    """Return what gives this process the right that it lacks."""
    if not host.is_root:
        return "sudo diagnose doctor"
    if not host.has("CAP_SYS_ADMIN") and not (host.has("CAP_BPF") and host.has("CAP_PERFMON")):
        return IN_A_CONTAINER
    return (
        UNFILTERED
        if host.filtered
        else "let root use it again in the kernel's security module (SELinux, AppArmor, LSM)"
    )


def lockdown(host: Host) -> Check:
    text = host.read("sys/kernel/security/lockdown")
    if text is None:
        return Check("lockdown", True, "not in force, or not shown", "everything")
    mode = text.partition("[")[2].partition("]")[0]
    needs = "everything: confidentiality mode keeps BPF from reading kernel memory"
    if mode == "confidentiality":
        fix = "boot with lockdown=integrity instead of lockdown=confidentiality"
        return Check("lockdown", False, mode, needs, fix, essential=True)
    return Check("lockdown", True, mode or "unknown mode", needs, essential=True)


def bcc(host: Host) -> Check:
    needs = "everything: compiles the BPF programs"
    try:
        folder = host.find_bcc()
    except CannotMeasureError as error:
        return Check("bcc", False, str(error), needs, "apt-get install -y python3-bpfcc", essential=True)
    return Check("bcc", True, str(folder), needs, essential=True)


def btf(host: Host) -> Check:
    needs = "everything: the offsets of the kernel's structures"
    blob = host.root / "sys/kernel/btf/vmlinux"
    if os.access(blob, os.R_OK):
        return Check("BTF", True, f"/sys/kernel/btf/vmlinux, {blob.stat().st_size >> 10} KiB", needs, essential=True)
    detail, fix = "no readable /sys/kernel/btf/vmlinux", "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y"
    if not (host.root / "sys/kernel").is_dir():
        fix = "mount -t sysfs sysfs /sys"
    return Check("BTF", False, detail, needs, fix, essential=True)


def _events(host: Host) -> Path | None:
    for place in ("sys/kernel/tracing", "sys/kernel/debug/tracing"):
        events = host.root / place / "events"
        if os.access(events, os.R_OK | os.X_OK):
            return events
    return None


def tracefs(host: Host) -> Check:
    needs, command = "all tracepoints", "mount -t tracefs tracefs /sys/kernel/tracing"
    events = _events(host)
    if host.private_tracefs:
        return Check("tracefs", True, "not mounted; mounted for this process alone, as a measurement does", needs)
    if events is not None:
        return Check("tracefs", True, f"/{events.parent.relative_to(host.root)}", needs)
    types = host.read("proc/filesystems") or ""
    if "tracefs" not in types.split():
        fix = "boot a kernel built with CONFIG_FTRACE=y"
        return Check("tracefs", False, "this kernel has no tracefs", needs, fix, essential=True)
    if not host.is_root or not host.has("CAP_SYS_ADMIN"):
        detail = "not mounted, or not readable, and this process may not mount it"
        return Check("tracefs", False, detail, needs, f"on the host, as root: {command}", essential=True)
    return Check("tracefs", None, "not mounted; a run as root mounts it for itself alone", needs, command)


def tracepoints(host: Host) -> Iterator[Check]:
    """One check an instrument; a raw tracepoint (without category) is looked for under every category."""
    events = _events(host)
    for probe, wanted in host.instruments.items():
        name, needs = f"tracepoints: {probe}", f"the instrument {probe}"
        if events is None:
            yield Check(name, None, f"{len(wanted)} not looked for: tracefs is not mounted", needs)
            continue
        missing = [a for a in wanted if not any(_is_there(host, events, other) for other in (a, *a.stand_ins))]
        if missing:
            named = ", ".join(" or ".join(map(_named, (a, *a.stand_ins))) for a in missing)
            fixes = "; ".join(dict.fromkeys(map(_how_to_get, missing)))
            yield Check(name, False, f"not in this kernel: {named}", needs, fixes)
        else:
            yield Check(name, True, f"all {len(wanted)} there", needs)


def _is_there(host: Host, events: Path, attachment: Attachment) -> bool:
    if attachment.kind == "kprobe":
        return (host.root / "sys/bus/event_source/devices/kprobe/type").exists()
    if attachment.kind == "tracepoint":
        return (events / attachment.event.replace(":", "/")).is_dir()
    return any(events.glob(f"*/{attachment.event}"))


def _named(attachment: Attachment) -> str:
    return f"kprobe:{attachment.event}" if attachment.kind == "kprobe" else attachment.event


def _how_to_get(attachment: Attachment) -> str:
    if attachment.since is not None:
        without = WITHOUT.get(attachment.event)
        return f"boot Linux {attachment.since} or later" + (f" (without it {without})" if without else "")
    category = attachment.event.rpartition(":")[0]
    return f"boot a newer kernel, or one built with {OPTIONS.get(category, 'CONFIG_FTRACE=y')}"


def kallsyms(host: Host) -> Check:
    needs = "telling why a page was removed: drop_caches and fadvise from truncation"
    try:
        with (host.root / "proc/kallsyms").open("rb") as lines:
            address = lines.readline(_LINE_BYTES).split(b" ")[0]
    except OSError as error:
        return Check(
            "kallsyms", None, f"/proc/kallsyms: {error.strerror}", needs, "boot a kernel with CONFIG_KALLSYMS=y"
        )
    if address.strip(b"0"):
        return Check("kallsyms", True, "addresses readable", needs)
    return Check("kallsyms", None, "addresses hidden", needs, "sysctl kernel.kptr_restrict=1")
