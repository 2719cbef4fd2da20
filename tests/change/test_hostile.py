"""Reports made to do harm: whatever they say, nothing outside the hierarchy is written and no command is made of it."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from diagnose.change import kept
from diagnose.change.carry_out import carry_out
from diagnose.change.machine import Answer
from diagnose.change.plan import plan
from diagnose.change.plan_text import as_text
from diagnose.change.reports import load_report
from diagnose.errors import DiagnoseError
from diagnose.report.digest import sealed
from diagnose.report.formats.json_text import render_json
from diagnose.report.model import Recommendation
from tests.helpers.cgroup_trees import ID
from tests.helpers.change_scene import MIB, V1_FILES, V2_FILES, Scene, limit

UNIT = "/system.slice/nightly.service"
CONTAINER = f"/docker/{ID}"
PARTS = st.sampled_from(
    ["dg", "batch", "svc", "..", ".", "", "link", "out", "etc", "memory.high", "a\nb", "\0", "-x", "$(id)", "`id`",
     ";id", "\\x2e\\x2e", "\ud800", "nightly.service", "system.slice", "--now.service", "*", "x" * 300]
)  # fmt: skip
PATHS = st.one_of(
    st.sampled_from(["/dg/batch", "/dg/svc", "/dg/link", "/dg/link/inner", UNIT, CONTAINER, "/", "/dg/linked"]),
    st.lists(PARTS, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    st.lists(PARTS, max_size=6).map("/".join),
    st.text(max_size=20),
)
SETTINGS = st.one_of(
    st.sampled_from(["memory.high", "memory.max", "memory.low", "memory.limit_in_bytes", "memory.soft_limit_in_bytes"]),
    st.sampled_from(
        ["cgroup.procs", "cgroup.kill", "release_agent", "../memory.high", "/etc/passwd", "memory.reclaim"]
    ),
    st.text(max_size=12),
)
VALUES = st.one_of(st.none(), st.sampled_from([200 * MIB, 290 * MIB, 64 * MIB]), st.integers(-(2**70), 2**70))


@st.composite
def wanted_of(draw: st.DrawFn, kind: str) -> Recommendation:
    """Return a recommendation that is good but for up to two of its fields, so that many get past the first guard."""
    setting = "memory.high" if kind == "v2" else "memory.limit_in_bytes"
    good = {
        "cgroup": draw(st.sampled_from(["/dg/batch", "/dg/svc", UNIT, CONTAINER, "/dg/link", "/dg/linked"])),
        "setting": setting, "current": None, "value": 200 * MIB,
    }  # fmt: skip
    hostile = {"cgroup": PATHS, "setting": SETTINGS, "current": VALUES, "value": VALUES}
    for field in draw(st.sets(st.sampled_from(sorted(hostile)), max_size=2)):
        good[field] = draw(hostile[field])
    return limit(**good)


def hostile_host(folder: Path, kind: str) -> Scene:
    """Return a host whose hierarchy holds links to the outside, next to what may really be changed."""
    scene = Scene(folder / "host", kind)
    files = V2_FILES if kind == "v2" else V1_FILES
    for cgroup in (UNIT, CONTAINER):
        scene.host.cgroup(cgroup, **files)
    scene.host.write("run/systemd/system/.keep", "")
    outside = folder / "outside/inner"
    outside.mkdir(parents=True)
    for name, text in files.items():
        for directory in (outside, outside.parent):
            (directory / name.replace("__", ".")).write_text(text)
    (scene.host.memory / "dg/link").symlink_to(outside.parent)
    linked = scene.host.cgroup("/dg/linked")
    for name in files:
        (linked / name.replace("__", ".")).symlink_to(outside / name.replace("__", "."))
    scene.answer = lambda command: Answer(True, f"ControlGroup={UNIT}\nMemoryHigh=infinity\nMemoryLimit=infinity")
    return scene


def outside(folder: Path) -> dict[str, bytes]:
    """Return all files but those that may be written: settings of real cgroups in the hierarchy."""
    allowed = (
        "memory.high",
        "memory.max",
        "memory.low",
        "memory.min",
        "memory.limit_in_bytes",
        "memory.soft_limit_in_bytes",
    )
    return {
        str(p): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not (p.name in allowed and "outside" not in p.parts and not p.is_symlink())
    }


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["v1", "v2"]), st.booleans(), st.booleans(), st.data())
def test_nothing_outside_is_ever_written(kind: str, force: bool, persistent: bool, data: Any) -> None:
    wanted = data.draw(st.lists(wanted_of(kind), min_size=1, max_size=2))
    with tempfile.TemporaryDirectory() as name:
        folder, records = Path(name), Path(name) / "records"
        records.mkdir()
        scene = hostile_host(folder, kind)
        report = scene.report(*wanted, ids=ids(scene, wanted, folder, data))
        before = outside(folder)
        with suppress(DiagnoseError):
            found = plan(report, scene.machine, (), force, persistent)
            shown = as_text(found, persistent, 1.0)
            assert "\0" not in shown
            assert "\x1b" not in shown
            if found.changes:
                event("carried out")
                carry_out(found, records, scene.machine, lambda text: None, persistent, 0.0)
        ours = (str(records), str(scene.host.root / kept.FOLDER))
        left = {p: content for p, content in outside(folder).items() if not p.startswith(ours)}
        assert left == before
        for command in scene.commands:
            assert_harmless(command)


def ids(scene: Scene, wanted: list[Any], folder: Path, data: Any) -> dict[str, int]:
    """Return the right id for each cgroup that there is, and sometimes the id of what a link leads to."""
    found = {}
    for recommendation in wanted:
        path = recommendation.cgroup
        if scene.host.hierarchy.exists(path):
            found[path] = scene.host.hierarchy.id_of(path)
        elif data.draw(st.booleans()):
            found[path] = (folder / "outside").stat().st_ino
    return found


def assert_harmless(command: list[str]) -> None:
    """A command is one of ours, and names one of the two that may be named, after "--"."""
    assert command[0] in ("systemctl", "docker")
    assert command[command.index("--") + 1] in ("nightly.service", "--now.service", ID)
    assert all("\0" not in word and "\n" not in word for word in command)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_report_of_any_shape_is_refused_in_one_line_or_planned(data: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        scene = Scene(Path(name) / "host")
        document = json.loads(render_json(scene.report(limit())))
        for _ in range(data.draw(st.integers(1, 3))):
            node = document
            while isinstance(node, dict) and node:
                key = data.draw(st.sampled_from(sorted(node)))
                if not isinstance(node[key], dict) or data.draw(st.booleans()):
                    node[key] = data.draw(JSON)
                    break
                node = node[key]
        path = Path(name) / "report.json"
        path.write_text(json.dumps(sealed(document)))
        before = scene.snapshot()
        refused = None
        try:
            found = plan(load_report(path), scene.machine, (), False, False)
            carry_out(found, Path(name), scene.machine, lambda text: None, pause_seconds=0.0)
        except DiagnoseError as error:
            refused = str(error)
        assert refused is None or ("\n" not in refused and scene.snapshot() == before)
