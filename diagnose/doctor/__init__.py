"""What can be measured on this host, what cannot, and the command or setting that changes it.

Every look is at a file below an injectable root; what has none (two system calls and the import of bcc) is tried for
real by functions that a test replaces.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from diagnose.doctor import kernel, surroundings
from diagnose.doctor.calls import bpf_errno, perf_errno
from diagnose.doctor.check import Check, Host
from diagnose.errors import CannotMeasureError
from diagnose.escape import visible

__all__ = ["Check", "Host", "as_json", "as_text", "blocking", "checks", "exit_code", "remedy", "this_host"]


def this_host(root: Path = Path("/")) -> Host:
    """Return the running host, files looked up below `root`."""
    from diagnose.measure.bpf import compiler, tracefs
    from diagnose.measure.probes import PROBES  # here: importing the instruments is the costly part

    private = False
    if not tracefs.mounted():
        with contextlib.suppress(CannotMeasureError):  # the check of tracefs reports it
            tracefs.ensure()
            private = True
    instruments = {probe.name: probe.attachments for probe in PROBES if probe.attachments}
    return Host(root, compiler.find_bcc, bpf_errno, perf_errno, instruments, private)


def checks(host: Host | None = None) -> list[Check]:
    """Look at everything the tool needs, in the order a person would fix it."""
    host = host or this_host()
    return [
        kernel.capabilities(host),
        kernel.bpf(host),
        kernel.perf_events(host),
        kernel.lockdown(host),
        kernel.bcc(host),
        kernel.btf(host),
        kernel.tracefs(host),
        *kernel.tracepoints(host),
        kernel.kallsyms(host),
        surroundings.memory_hierarchy(host),
        surroundings.cgroup_version(host),
        surroundings.pressure(host),
        surroundings.process_io(host),
        surroundings.packages(host),
        surroundings.disk(host),
        surroundings.memory(host),
    ]


def exit_code(found: list[Check]) -> int:
    """Return 0 if the battery can measure here, 3 if something essential is missing."""
    return 3 if blocking(found) else 0


def blocking(found: list[Check]) -> list[Check]:
    """Return the checks that keep the battery from measuring with BPF."""
    return [check for check in found if check.essential and check.ok is False]


def remedy() -> str:
    """Return what lifts the refusal of BPF on this host, in one line."""
    fixes = dict.fromkeys(check.fix for check in blocking(checks()) if check.fix)
    return "; ".join(map(str, fixes)) or "see: diagnose doctor"


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
        yield f"{state:<8}{check.name:<{width}}  {visible(check.detail)}"
        if check.ok is not True:
            yield f"{'':<8}{'':<{width}}  needed for: {check.enables}"
            if check.fix:
                yield f"{'':<8}{'':<{width}}  fix: {visible(check.fix)}"
    stopping = [check.name for check in blocking(found)]
    if not stopping:
        yield "\nThe battery can measure here."
        return
    yield f"\nCannot measure here: {', '.join(stopping)}."
    if "memory cgroups" not in stopping:
        yield "Without BPF it can: diagnose latency --no-bpf reads cgroup files and counters, and times no read."
