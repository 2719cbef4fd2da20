"""From the name a person gives to the cgroup and processes that are meant; the service is the cgroup's whole subtree.

A NAME is a cgroup path, `pid:123`, `comm:nginx`, a systemd unit, a container's name or id prefix, `namespace/pod` or
`namespace/pod/container`.
No name is guessed: unknown names get the nearest ones, ambiguous names the list, both as one line and exit 2.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from diagnose.cgroups import managers
from diagnose.cgroups.hierarchy import Hierarchy, Process
from diagnose.cgroups.listing import ServiceListing, list_services, nearest, nearest_services
from diagnose.cgroups.managers import Unit, unit_name
from diagnose.cgroups.names import KnownNames
from diagnose.cgroups.naming import container_id, is_unit, name_of, pod_uid
from diagnose.cgroups.paths import PATH_MAX, ancestors, is_within, kernel_name, normal, printable, shown
from diagnose.cgroups.runtimes import Run, run_command
from diagnose.cgroups.v1_hierarchies import systemd_pids
from diagnose.errors import CannotMeasureError, DiagnoseError, UsageError
from diagnose.escape import hidden

__all__ = ["Service", "ServiceListing", "list_services", "resolve"]

MIN_ID_PREFIX = 3
"""Digits; shorter, a hexadecimal word would too easily be taken for a container."""
COMM_BYTES = 15
"""The kernel keeps no more of a command's name (TASK_COMM_LEN, with its NUL)."""
MAX_LISTED = 20


@dataclass(frozen=True)
class Service:
    name: str
    """As the user wrote it."""
    cgroup: str
    """Path in the memory hierarchy, "/dg/svc"; never "/"."""
    cgroup_id: int
    processes: tuple[Process, ...]
    """Of the whole subtree; empty if nothing runs in it now."""


def resolve(name: str, hierarchy: Hierarchy, run: Run = run_command) -> Service:
    """Return the one service that `name` means here.

    A name is taken as `diagnose services` spells it. `run` runs a command (systemctl, podman, docker, crictl, kubectl)
    and returns its output, None where that fails.
    Raises UsageError for a bad, unknown or ambiguous name, CannotMeasureError where a unit has no memory cgroup of its
    own.
    """
    _check(name)
    run = _asking_once(run)
    cgroups = _find(printable(kernel_name(name)), hierarchy, run)
    if len(cgroups) > 1:
        raise UsageError(f"service {shown(name)} is ambiguous: it may be {_listed(cgroups)}; name one of these paths")
    if not cgroups:
        raise UsageError(f"unknown service {shown(name)}; {_hint(nearest_services(hierarchy, name, run))}")
    (cgroup,) = cgroups
    if cgroup == "/":
        raise UsageError(
            f"service {shown(name)} means the root cgroup, which is the whole host; "
            "give the service a cgroup of its own, or name one below / (diagnose services lists them)"
        )
    return Service(name, cgroup, hierarchy.id_of(cgroup), tuple(hierarchy.processes(cgroup)))


def _asking_once(run: Run) -> Run:
    """Return `run` with a memory: a runtime that hangs is not waited for again with the same question."""
    answers: dict[tuple[str, ...], str | None] = {}

    def ask(command: list[str]) -> str | None:
        key = tuple(command)
        if key not in answers:
            answers[key] = run(command)
        return answers[key]

    return ask


def _check(name: str) -> None:
    if not name.strip():
        raise UsageError("the service name is empty; name a unit, container, pod, cgroup path, pid:N or comm:NAME")
    if len(name) >= PATH_MAX:
        raise UsageError(f"service {shown(name)} is longer than any name ({PATH_MAX - 1}); check what was passed")
    if any(map(hidden, name)):
        raise UsageError(f"service {shown(name)} has unprintable characters; write it as diagnose services shows it")


def _find(name: str, hierarchy: Hierarchy, run: Run) -> set[str]:
    if name.startswith("pid:"):
        return {_by_pid(name, hierarchy)}
    if name.startswith("comm:"):
        return _by_comm(name.removeprefix("comm:"), hierarchy)
    if "/" in name:
        return _by_path(name, hierarchy) or _by_pod(name, hierarchy, run)
    return _by_name(name, hierarchy, run)


def _by_pid(name: str, hierarchy: Hierarchy) -> str:
    digits = name.removeprefix("pid:")
    if not re.fullmatch("0*[1-9][0-9]{0,9}", digits):
        raise UsageError(f"{shown(name)}: pid: takes a process number from 1, as in pid:123")
    cgroup = hierarchy.of_pid(int(digits))
    if not hierarchy.exists(cgroup):
        raise UsageError(f"process {int(digits)} is in cgroup {shown(cgroup)}, which is not there (any more)")
    return cgroup


def _by_comm(comm: str, hierarchy: Hierarchy) -> set[str]:
    """Return the cgroups of the processes called `comm`, less those inside another of them."""
    if not comm.strip():
        raise UsageError("comm: takes a command's name, as in comm:nginx")
    comms = _comms(hierarchy)
    kept = printable(os.fsdecode(os.fsencode(kernel_name(comm))[:COMM_BYTES]))
    pids = [pid for pid, name in comms.items() if name in (comm, kept)]
    if not pids:
        raise UsageError(f"no process is called {shown(comm)}; {_hint(nearest(comm, comms.values()), 'ps -eo comm')}")
    found = set()
    for pid in pids:
        try:
            found.add(hierarchy.of_pid(pid))
        except UsageError:
            continue  # it ended meanwhile
    if not found:
        raise UsageError(f"every process called {shown(comm)} ended while it was looked up; try again")
    # "/" holds everything and is no service: beside another it is an ambiguity, not an answer
    return {path for path in found if not any(a in found and a != "/" for a in ancestors(path))}


def _comms(hierarchy: Hierarchy) -> dict[int, str]:
    """Return the command names of all processes by pid, without this one, which may be called python like many."""
    pids = (int(entry.name) for entry in _entries(hierarchy.proc) if entry.name.isascii() and entry.name.isdigit())
    own = os.getpid() if hierarchy.proc == Path("/proc") else None
    return {pid: comm for pid in sorted(pids) if pid != own and (comm := hierarchy.comm(pid)) is not None}


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise CannotMeasureError(f"{folder}: {error.strerror}; mount procfs there, run diagnose as root") from error


def _by_path(name: str, hierarchy: Hierarchy) -> set[str]:
    cgroup = normal(name)
    if hierarchy.exists(cgroup):
        return {cgroup}
    for mount in (hierarchy.mount, Path("/") / hierarchy.mount.relative_to(hierarchy.root)):
        if is_within(cgroup, str(mount)):
            cgroup = normal(cgroup.removeprefix(str(mount)) or "/")
            break
    hierarchy.directory(cgroup)  # says what is wrong with a file or a link, rather than "unknown"
    return {cgroup} if hierarchy.exists(cgroup) else set()


def _by_pod(name: str, hierarchy: Hierarchy, run: Run) -> set[str]:
    """Return the cgroup of "namespace/pod", or of "namespace/pod/container"."""
    namespace, pod, *container = name.split("/")
    paths = [path for _, path in hierarchy.walk()]
    pods = {uid: path for path in paths if (uid := pod_uid(path))}
    if not pods or len(container) > 1:
        return set()
    if container:
        return _by_known_name(name, paths, hierarchy, run)
    uids = managers.ask_kubernetes(namespace, pod, hierarchy.root, run)
    return {path for uid, path in pods.items() if uid in uids} or _by_known_name(name, paths, hierarchy, run)


def _by_known_name(name: str, paths: list[str], hierarchy: Hierarchy, run: Run) -> set[str]:
    """Return the containers and pods that bear `name`, by their runtimes' files, and else by their commands."""
    known = KnownNames(hierarchy.root, run)
    known.learn(paths)
    return {path for path in paths if (container_id(path) or pod_uid(path)) and known.name(path) == name}


def _by_name(name: str, hierarchy: Hierarchy, run: Run) -> set[str]:
    """Return what is called exactly so: unit, container, cgroup below the root; failing that, containers by prefix."""
    paths = [path for _, path in hierarchy.walk() if path != "/"]
    found = {path for path in paths if path == f"/{name}" or (name_of(path)[0] == name and not _unit(path))}
    why_not: DiagnoseError | None = None
    for finder in (_by_unit, _by_container):
        try:
            found |= finder(name, paths, hierarchy, run)
        except DiagnoseError as error:  # a unit that does not run may share its name with a container that does
            why_not = why_not or error
    if not found and re.fullmatch(rf"[0-9a-f]{{{MIN_ID_PREFIX},64}}", name):
        found = {path for path in paths if (container_id(path) or "").startswith(name)}
    if not found and why_not is not None:
        raise why_not
    return found


def _unit(path: str) -> bool:
    """Tell whether units alone are named so; a pod's slice is a unit, and is named after the pod."""
    return is_unit(path) and pod_uid(path) is None


def _by_unit(name: str, paths: list[str], hierarchy: Hierarchy, run: Run) -> set[str]:
    unit = managers.ask_systemd(kernel_name(name), run)
    if unit is not None and unit.control_group:
        return {_memory_cgroup(unit, hierarchy)}
    wanted = unit_name(name)
    folders = {p for p in paths if is_unit(p) and wanted in (p.rsplit("/", 1)[1], name_of(p)[0])}
    if unit is not None and not folders:
        raise UsageError(f"unit {shown(unit.name)} is known but not running ({unit.state}); systemctl start it first")
    return folders


def _memory_cgroup(unit: Unit, hierarchy: Hierarchy) -> str:
    """Return the memory cgroup of a running unit; on v1 that need not be where systemd keeps its processes."""
    control_group = normal(printable(unit.control_group))
    if hierarchy.exists(control_group):
        return control_group
    pids = systemd_pids(hierarchy, control_group) or ({unit.main_pid} if unit.main_pid else set())
    cgroup = hierarchy.of_pid(min(pids)) if pids else "/"
    # in "/", in a slice, or among other units' processes: measured there, they would pass for the unit's own
    if cgroup == "/" or is_within(control_group, cgroup) or not _alone(pids, cgroup, hierarchy):
        raise CannotMeasureError(
            f"unit {shown(unit.name)} has no memory cgroup of its own on this host (its processes are in "
            f"{shown(cgroup)}); set MemoryAccounting=yes for it (systemctl set-property) and restart it"
        )
    return cgroup


def _alone(pids: set[int], cgroup: str, hierarchy: Hierarchy) -> bool:
    return all(process.pid in pids for process in hierarchy.processes(cgroup))


def _by_container(name: str, paths: list[str], hierarchy: Hierarchy, run: Run) -> set[str]:
    named = _by_known_name(name, paths, hierarchy, run)
    if named:
        return named
    # a container whose cgroup does not bear its id (--cgroup-parent, no cgroup of its own) is found by its process
    known = managers.ask_containers(name, run)
    found = set()
    for container in known:
        own = {path for path in paths if container_id(path) == container.id}
        found |= own or ({hierarchy.of_pid(container.pid)} if container.pid else set())
    if known and not found:
        raise UsageError(f"container {shown(name)} is known but not running; start it first")
    return found


def _listed(cgroups: Iterable[str]) -> str:
    ordered = sorted(cgroups)
    more = f" and {len(ordered) - MAX_LISTED} more" if len(ordered) > MAX_LISTED else ""
    return ", ".join("/ (the whole host, no service)" if c == "/" else c for c in ordered[:MAX_LISTED]) + more


def _hint(names: list[str], lister: str = "diagnose services") -> str:
    near = f"the nearest: {', '.join(names)} " if names else "nothing here looks like it "
    return f"{near}({lister} lists all)"
