r"""Two cgroups that would read alike are never mixed: one has an escape byte, one the four characters `\x1b`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.capture.file import load
from diagnose.capture.model import Capture
from diagnose.cgroups.service import list_services, resolve
from tests.helpers.live import PAGE, Bench, Worker, bench, cache_of
from tests.helpers.run_cli import Run

pytestmark = pytest.mark.kernel

TRUE, DECOY = r"/svc\x1b[31m", r"/svc\x5cx1b[31m"
ON_DISK = {TRUE: b"svc\x1b[31m", DECOY: rb"svc\x1b[31m"}
FILES = {TRUE: "data", DECOY: "more data"}
PAGES = {TRUE: 700, DECOY: 1500}


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        for name in ON_DISK:
            made.make(name)
            made.file(FILES[name], PAGES[name])
        yield made


def reader(here: Bench, name: str) -> Worker:
    """Return a worker in one of the two, which reads the file of its own page by page."""
    code = f'fd = opened("{FILES[name]}")\ngo()\n[os.pread(fd, PAGE, i * PAGE) for i in range({PAGES[name]})]\ndone()'
    return here.worker(f"{here.top}{name}", code)


def on_disk(here: Bench) -> dict[str, int]:
    """Return the ids by spelling, asked without the code under test; a cgroup that is gone is left out."""
    top = bytes(here.directory(here.top))
    found = {name: Path(os.fsdecode(top + b"/" + raw)) for name, raw in ON_DISK.items()}
    return {name: path.stat().st_ino for name, path in found.items() if path.exists()}


def cache_bytes(capture: Capture, cgroup: int) -> int:
    rows = zip(capture.cgroup_samples.cgroup, capture.cgroup_samples.values["file_bytes"], strict=True)
    return max(value or 0 for c, value in rows if c == cgroup)


def test_a_name_leads_to_its_own_cgroup(here: Bench) -> None:
    ids = on_disk(here)
    assert ids[TRUE] != ids[DECOY]
    for name, cgroup in ids.items():
        path = f"{here.top}{name}"
        assert resolve(path, here.hierarchy).cgroup_id == cgroup
        worker = here.worker(path, "go()\ndone()\n")
        found = resolve(f"pid:{worker.process.pid}", here.hierarchy)
        assert (found.cgroup, found.cgroup_id) == (path, cgroup)
    listed = {row.cgroup: row.processes for row in list_services(here.hierarchy, here.top)}
    assert listed == {here.top: 2, f"{here.top}{TRUE}": 1, f"{here.top}{DECOY}": 1}


@pytest.mark.parametrize("service", [TRUE, DECOY])
def test_each_is_measured_as_itself(here: Bench, service: str) -> None:
    ids = on_disk(here)
    workers = [reader(here, name) for name in ON_DISK]
    capture = here.measured(f"{here.top}{service}", *workers)
    assert capture.service.cgroup_id == ids[service]
    assert {record.path: record.id for record in capture.cgroups if record.id in ids.values()} == {
        f"{here.top}{name}": cgroup for name, cgroup in ids.items()
    }
    for name, cgroup in ids.items():
        assert cache_of(capture, cgroup, "inserted") == PAGES[name]
        assert cache_bytes(capture, cgroup) >= PAGES[name] * PAGE
    assert cache_bytes(capture, ids[TRUE]) < PAGES[DECOY] * PAGE
    assert sum(capture.reads.count) == PAGES[service]


def test_a_removed_one_is_not_taken_for_the_other(here: Bench) -> None:
    here.directory(f"{here.top}{TRUE}").rmdir()
    assert not here.hierarchy.exists(f"{here.top}{TRUE}")
    refused = Run(here.here, "latency", "--service", f"{here.top}{TRUE}", "--duration", "1").refused()
    assert "unknown service" in refused
    assert here.hierarchy.id_of(f"{here.top}{DECOY}") == on_disk(here)[DECOY]


def test_the_report_names_and_measures_the_one_that_was_asked_for(here: Bench) -> None:
    ids, path = on_disk(here), f"{here.top}{TRUE}"
    reader(here, TRUE).act()
    output = here.here / "report"
    done = Run(here.here, "latency", "--service", path, "--duration", "1", "--no-charts", "--output", str(output))
    assert done.code in (0, 1), done.err
    report = json.loads((output / "report.json").read_text())
    assert report["service"]["cgroup"] == path
    assert report["measurements"]["capture"]["cgroup_ids"][path] == ids[TRUE]
    capture, _ = load(output / "capture.json.gz")
    assert cache_bytes(capture, ids[TRUE]) >= 700 * PAGE
    assert (
        path.replace("\\", "\\\\") in (output / "report.md").read_text() or path in (output / "report.md").read_text()
    )
