"""`diagnose apply`, `rollback` and `verify`: the files that lead root to change limits, and the host they are of."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from diagnose.capture.model import Capture
from diagnose.change import verify_text
from diagnose.change.carry_out import carry_out
from diagnose.change.machine import Answer
from diagnose.change.plan import plan
from diagnose.change.record import load_record
from diagnose.change.reports import load_report
from diagnose.change.rollback import rollback
from diagnose.change.verify import judge, ready
from diagnose.errors import DiagnoseError
from diagnose.report.digest import sealed
from diagnose.report.formats.json_text import render_json
from diagnose.report.model import Report
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import json_text, spoilt_bytes, spoilt_json
from tests.helpers.change_scene import Scene, limit
from tests.helpers.example_report import example_capture, example_report

SYSTEMD = "ControlGroup=/system.slice/x.service\nMemoryHigh=infinity\nMemoryMax=infinity\nMemoryLimit=infinity\n"
UNIT = "/system.slice/x.service"
DOCKER = f"/docker/{'e' * 64}"


def report_files(random: Random) -> None:
    """A report, spoilt or not, given to `apply`; the record of that, spoilt or not, to `rollback` or `verify`."""
    with tempfile.TemporaryDirectory() as name:
        scene, records = Scene(Path(name) / "host", random.choice(("v1", "v2"))), Path(name) / "records"
        records.mkdir()
        setting = "memory.high" if scene.host.kind == "v2" else "memory.limit_in_bytes"
        outside = Path(name) / "outside"
        outside.mkdir()
        (outside / setting).write_text("max\n")
        (scene.host.memory / "dg/link").symlink_to(outside)
        _populate(random, scene)
        cgroup = random.choice(("/dg/batch",) * 5 + ("/dg/link", "/dg/../../../../outside", "/dg/svc", UNIT, DOCKER))
        document = json.loads(_document(scene.host.kind, cgroup, setting))
        ids = {cgroup: scene.host.hierarchy.id_of(cgroup)} if scene.host.hierarchy.exists(cgroup) else {}
        document["measurements"]["capture"]["cgroup_ids"] = ids
        try:
            if random.random() < 0.5:
                spoilt_json(random, document)
            report = load_report(_sealed(random, document, Path(name, "report.json")))
            if random.random() < 0.3:
                _spoil(random, scene)
            outcome = carry_out(
                plan(report, scene.machine, (), False, False), records, scene.machine, _unheard, False, 0.0
            )
            if random.random() < 0.1:
                _spoil(random, scene)
            made = json.loads(outcome.record_path.read_bytes())
            part = random.choice((made, made["before"], made["before"], made["changes"][0]))
            if part and random.random() < 0.6:
                spoilt_json(random, part)
            path = _sealed(random, made, Path(name, "change.json"))
            _afterwards(random, path, scene)
        except DiagnoseError as error:
            in_lines(error)
        assert (outside / setting).read_text() == "max\n"
        assert all(command[0] in ("systemctl", "docker") for command in scene.commands)


@cache
def _document(kind: str, cgroup: str, setting: str) -> str:
    """Return a report that recommends a change, without the ids of this host's cgroups."""
    with tempfile.TemporaryDirectory() as name:
        scene = Scene(Path(name), kind)
        return render_json(scene.report(limit(cgroup, setting)))


def _populate(random: Random, scene: Scene) -> None:
    """Have a unit and a container, too, whose managers answer anything."""
    for cgroup in (UNIT, DOCKER):
        scene.host.cgroup(cgroup, **scene.files)
    (scene.host.root / "run/systemd/system").mkdir(parents=True)
    answer = Answer(random.random() < 0.8, spoilt_bytes(random, SYSTEMD.encode()).decode(errors="replace"))
    right = Answer(True, SYSTEMD)
    scene.answer = (lambda _: right) if random.random() < 0.5 else (lambda _: answer)


def _spoil(random: Random, scene: Scene) -> None:
    files = sorted(p for p in scene.host.memory.rglob("memory.*") if p.is_file())
    for path in random.sample(files, 2):
        path.write_bytes(spoilt_bytes(random, path.read_bytes()))


def _unheard(_: str) -> None:
    """Say nothing to nobody."""


def _afterwards(random: Random, path: Path, scene: Scene) -> None:
    written = load_record(path)
    if random.random() < 0.5:
        rollback(written, path, scene.machine, random.random() < 0.5, _unheard)
        return
    report, capture = _after()
    comparison = judge(written, ready(written, scene.machine), report, capture)
    verify_text.as_markdown(comparison, written, path.name)
    assert all(
        line.isprintable()
        for line in (verify_text.sentence(comparison), *map(verify_text.change_line, written.changes))
    )
    json.loads(verify_text.as_json(comparison, written))


@cache
def _after() -> tuple[Report, Capture]:
    capture = example_capture(windows=30, requested=30)
    return example_report(capture), capture


def _sealed(random: Random, document: dict[str, Any], path: Path) -> Path:
    """Write a document; mostly sealed anew, as somebody who means harm would do it."""
    if random.random() < 0.95:
        try:
            document = sealed(document)
        except ValueError:  # NaN has no digest
            assert "NaN" in json.dumps(document) or "Infinity" in json.dumps(document)
    path.write_bytes(json_text(random, document) if random.random() < 0.5 else json.dumps(document).encode())
    return path
