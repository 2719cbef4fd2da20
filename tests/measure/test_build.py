"""Building begins before all else, and lets nobody leave before the compiler has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service
from diagnose.errors import CannotMeasureError
from diagnose.measure import build
from diagnose.measure.bpf import compiler
from diagnose.measure.build import Building, begun
from diagnose.measure.schedule import Plan
from tests.helpers.cgroup_trees import Host

PLAN = Plan(3, 1.0)


def of(hierarchy: Hierarchy, cgroup: str) -> Service:
    return Service(cgroup, cgroup, hierarchy.id_of(cgroup), ())


def test_nothing_heavy_is_imported_before_it_begins() -> None:
    code = (
        "import sys, diagnose.measure.build, diagnose.cli.latency\n"
        "import diagnose.report.formats.delivery, diagnose.cgroups.service\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pydantic", "jinja2", "yaml", "matplotlib", "diagnose.report.charts.drawing", "hashlib", "xml"}
    assert not heavy & set(done.stdout.split())


def test_what_stands_against_it_is_raised_where_the_programs_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise CannotMeasureError("no tracefs here")

    monkeypatch.setattr(build, "ensure", refused)
    host = Host(tmp_path, "v2")
    host.process(10, "svc", "/dg/svc")
    with begun(of(host.hierarchy, "/dg/svc"), host.hierarchy, PLAN) as builds:
        for _ in range(2):
            with pytest.raises(CannotMeasureError, match="no tracefs here"):
                builds()


@pytest.mark.kernel
def test_who_leaves_early_waits_for_the_compiler(capfd: pytest.CaptureFixture[str]) -> None:
    here = Hierarchy.discover()

    def leave() -> None:
        with begun(of(here, "/"), here, PLAN):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"


@pytest.mark.kernel
def test_shorter_loops_are_built_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    compile_it = compiler._compiled

    def noted(bcc: object, program: str, cflags: list[str]) -> object:
        seen.extend(flag for flag in cflags if "FOLIO_PAGES" in flag)
        return compile_it(bcc, program, cflags)  # type: ignore[arg-type]

    monkeypatch.setattr(compiler, "_compiled", noted)
    here = Hierarchy.discover()
    built = Building(of(here, "/"), here, PLAN)
    for pages in built.folio_pages:
        built.programs(pages).bpf.cleanup()
    assert seen == [f"-DFOLIO_PAGES={pages}" for pages in built.folio_pages]
    assert len(seen) == 2
