"""A host to change: a cgroup tree of files (or the real one), a report that fits it, and a machine that records."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diagnose.cgroups import Hierarchy
from diagnose.change.machine import Answer, Machine
from diagnose.change.record import load_record
from diagnose.change.rollback import rollback
from diagnose.report.formats.json_text import render_json
from diagnose.report.model import Recommendation, Report
from tests.helpers.cgroup_trees import Host
from tests.helpers.example_report import example_report

MIB = 1 << 20
BOOT = "0b00-7"
HOSTNAME = "db1"
V2_FILES = {
    "memory__current": f"{300 * MIB}\n",
    "memory__stat": f"anon {20 * MIB}\nfile {270 * MIB}\nslab 4096\n",
    "memory__events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n",
    "memory__pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 total=0\n",
    "memory__high": "max\n",
    "memory__max": "max\n",
    "memory__low": "0\n",
    "memory__min": "0\n",
}
V1_FILES = {
    "memory__usage_in_bytes": f"{300 * MIB}\n",
    "memory__stat": f"total_rss {20 * MIB}\ntotal_cache {270 * MIB}\n",
    "memory__limit_in_bytes": "9223372036854771712\n",
    "memory__soft_limit_in_bytes": "9223372036854771712\n",
    "memory__oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
}


class Scene:
    """A v2 (or v1) host with the cgroups /dg/svc and /dg/batch; `answers` is what its commands say."""

    def __init__(self, root: Path, kind: str = "v2") -> None:
        self.host = Host(root, kind)
        self.files = V2_FILES if kind == "v2" else V1_FILES
        for cgroup in ("/dg", "/dg/svc", "/dg/batch"):
            self.host.cgroup(cgroup, **self.files)
        (root / "var/lib").mkdir(parents=True)
        self.commands: list[list[str]] = []
        self.answer: Callable[[list[str]], Answer] = lambda command: Answer(False, "no such command")
        self.on_wait: Callable[[], bool] = lambda: False

    @property
    def machine(self) -> Machine:
        return Machine(self.host.hierarchy, HOSTNAME, BOOT, self._wait, self._run, self.host.root, os.getuid())

    def file(self, cgroup: str, setting: str) -> Path:
        return self.host.memory / cgroup.lstrip("/") / setting

    def snapshot(self) -> dict[str, bytes]:
        """Return every file below the root with its content."""
        files = (p for p in sorted(self.host.root.rglob("*")) if p.is_file() and not p.is_symlink())
        return {str(p): p.read_bytes() for p in files}

    def report(self, *wanted: Recommendation, **changes: Any) -> Report:
        return report_for(self.host.hierarchy, BOOT, HOSTNAME, *wanted, **changes)

    def _wait(self, seconds: float) -> bool:
        time.sleep(min(seconds, 0.002))
        return self.on_wait()

    def _run(self, command: list[str]) -> Answer:
        self.commands.append(command)
        return self.answer(command)


def limit(
    cgroup: str = "/dg/batch", setting: str = "memory.high", current: int | None = None, value: int | None = 200 * MIB
) -> Recommendation:
    return Recommendation(
        cgroup=cgroup, setting=setting, current_bytes=current, value_bytes=value, reason="it evicts its pages",
        arithmetic=[], expected_effect="the pages stay", risk="a smaller cache", commands=["rm -rf / # never run"],
    )  # fmt: skip


def report_for(
    hierarchy: Hierarchy, boot_id: str, hostname: str, *wanted: Recommendation, ids: dict[str, int] | None = None,
    service: str = "/dg/svc",
) -> Report:  # fmt: skip
    """Return a report that recommends `wanted`, made on this host, boot and hierarchy."""
    report = example_report()
    paths = [r.cgroup for r in wanted]
    known = {path: hierarchy.id_of(path) for path in paths if hierarchy.exists(path)} if ids is None else ids
    made_here = {"hostname": hostname, "boot_id": boot_id, "cgroup_ids": known}
    context = report.measurements.capture.model_copy(update=made_here)
    return report.model_copy(
        update={
            "service": report.service.model_copy(update={"cgroup": service}),
            "capture": report.capture.model_copy(update={"cgroup_version": hierarchy.version}),
            "recommendations": list(wanted),
            "measurements": report.measurements.model_copy(update={"capture": context}),
        }
    )


def written(report: Report, folder: Path) -> Path:
    path = folder / "report.json"
    path.write_text(render_json(report))
    return path


def undo(scene: Scene, path: Path, force: bool = False, machine: Machine | None = None) -> str:
    said: list[str] = []
    rollback(load_record(path), path, machine or scene.machine, force, said.append)
    return "\n".join(said)


def removed(scene: Scene, cgroup: str) -> None:
    """Take a cgroup away; its inode number is not given out again, as in the kernel."""
    (scene.host.memory / cgroup).rename(scene.host.root / "removed")
