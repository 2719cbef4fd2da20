"""What runs in the guest of `systemd_guest.py`: units of every kind, and what `diagnose` makes of their names.

Prints what it found as one line of JSON. Nothing is faked: systemd made the cgroups and answers systemctl.
"""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from diagnose.cgroups import Hierarchy, KnownNames
from diagnose.cgroups.service import list_services, resolve
from diagnose.change import managers
from diagnose.change.machine import Machine
from diagnose.errors import DiagnoseError
from tests.kernels.result import Check, Found

TEMPLATE = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\n"
SLEEP = ("/bin/sleep", "infinity")
MIB = 1 << 20

NAMES = {
    "checkout": "/system.slice/checkout.service",
    "checkout.service": "/system.slice/checkout.service",
    "worker@7": "/system.slice/system-worker.slice/worker@7.service",
    "worker@7.service": "/system.slice/system-worker.slice/worker@7.service",
    r"my-app@a\x2db.service": r"/system.slice/system-my\x2dapp.slice/my-app@a\x2db.service",
    "my-app@a-b": r"/system.slice/system-my\x2dapp.slice/my-app@a\x2db.service",
    "batch.slice": "/batch.slice",
    "nightly": "/batch.slice/nightly.service",
    "job.scope": "/system.slice/job.scope",
    "system.slice": "/system.slice",
}
"""What a person writes, and the cgroup that it means."""


def command(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def set_up() -> subprocess.Popen[bytes]:
    """Start everything; returns the process of the scope."""
    for name in ("worker@", "my-app@"):
        Path(f"/run/systemd/system/{name}.service").write_text(TEMPLATE)
    Path("/run/systemd/system/idle.service").write_text(TEMPLATE)
    command("systemctl", "daemon-reload")
    command("systemctl", "start", "worker@7.service", r"my-app@a\x2db.service")
    command("systemd-run", "--unit=checkout.service", *SLEEP)
    command("systemd-run", "--unit=nightly.service", "--slice=batch.slice", *SLEEP)
    scope = subprocess.Popen(["systemd-run", "--scope", "--unit=job.scope", *SLEEP], stderr=subprocess.DEVNULL)
    while (
        "active"
        not in subprocess.run(["systemctl", "is-active", "job.scope"], capture_output=True, text=True).stdout.split()
    ):
        pass
    return scope


def names(hierarchy: Hierarchy) -> list[Check]:
    found = []
    for name, path in NAMES.items():
        told = _tried(lambda name=name: resolve(name, hierarchy).cgroup)
        found.append(Check(what=f"--service {name}", right=told == path, found=told))
    return found


def by_process(hierarchy: Hierarchy) -> Check:
    pid = command("systemctl", "show", "--property=MainPID", "--value", "checkout.service")
    told = _tried(lambda: resolve(f"pid:{pid}", hierarchy).cgroup)
    return Check(what="--service pid:N", right=told == NAMES["checkout"], found=told)


def refused(hierarchy: Hierarchy) -> list[Check]:
    wanted = {
        "idle": "unit 'idle.service' is known but not running (inactive); systemctl start it first",
        "chekout": "unknown service 'chekout'; the nearest: checkout.service",
    }
    told = {name: _tried(lambda name=name: resolve(name, hierarchy).cgroup) for name in wanted}
    return [Check(what=f"--service {n}", right=told[n].startswith(says), found=told[n]) for n, says in wanted.items()]


def listed(hierarchy: Hierarchy) -> list[Check]:
    """Each as `diagnose services` lists it, named by what --service takes, with memory and a process."""
    known = KnownNames(hierarchy.root)
    rows = {row.cgroup: row for row in list_services(hierarchy)}
    found = []
    for path in sorted(set(NAMES.values())):
        row = rows.get(path)
        again = None if row is None else _tried(lambda name=row.name: resolve(name, hierarchy).cgroup)
        right = row is not None and again == path and row.manager == "systemd" and row.processes > 0
        right = right and row is not None and (row.usage_bytes or 0) > 0 and row.file_bytes is not None
        said = "not listed" if row is None else f"{row.name}, {row.manager}, {row.processes} processes -> {again}"
        found.append(Check(what=f"services: {path}", right=right, found=f"{said}; {known.label(path)}"))
    return found


def limited(hierarchy: Hierarchy) -> Check:
    """A limit through systemd, the way that apply takes."""
    path = NAMES["nightly"]
    machine = Machine(hierarchy, "guest", "", lambda _: False)
    way = managers.choose(path, "memory.max", machine, persistent=False)
    machine.run(managers.command(way.manager, path, "memory.max", 64 * MIB, persistent=False))
    read = (hierarchy.directory(path) / "memory.max").read_text().strip()
    right = (way.manager, read) == ("systemd", str(64 * MIB))
    return Check(what="a limit through systemctl", right=right, found=f"memory.max {read}")


def _tried(told: Callable[[], str]) -> str:
    try:
        return told()
    except DiagnoseError as error:
        return str(error)


def main() -> int:
    found = Found(kernel=os.uname().release)
    try:
        scope = set_up()
        hierarchy = Hierarchy.discover()
        found.checks += [*names(hierarchy), by_process(hierarchy), *refused(hierarchy), *listed(hierarchy)]
        found.checks.append(limited(hierarchy))
        scope.kill()
    except Exception as error:
        traceback.print_exc()
        found.checks.append(Check(what="the guest's checks", right=False, found=f"{type(error).__name__}: {error}"))
    found.finished = True
    print(found.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
