"""The way back where systemd manages the cgroup: what it keeps for a unit, and whose unit it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.change.carry_out import carry_out
from diagnose.change.machine import Answer
from diagnose.change.plan import plan
from diagnose.change.record import load_record
from diagnose.change.rollback import rollback
from diagnose.errors import UsageError
from tests.helpers.change_scene import MIB, V2_FILES, Scene, limit, removed, undo


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


@pytest.fixture
def path(scene: Scene, tmp_path: Path) -> Path:
    found = plan(scene.report(limit()), scene.machine, (), False, False)
    return carry_out(found, tmp_path, scene.machine, lambda text: None, pause_seconds=0.01).record_path


UNIT = "/system.slice/nightly.service"


@pytest.fixture
def stopped(scene: Scene, tmp_path: Path) -> Path:
    """Return the record of a change of a unit's limit; its cgroup went with the unit, systemd keeps the property."""
    directory = scene.host.cgroup(UNIT, **V2_FILES)
    (scene.host.root / "run/systemd/system").mkdir(parents=True)

    def systemctl(command: list[str]) -> Answer:
        if command[1] == "set-property":
            (directory / "memory.high").write_text(f"{command[-1].partition('=')[2]}\n")
        return Answer(True, f"ControlGroup={UNIT}\nMemoryHigh=infinity")

    scene.answer = systemctl
    found = plan(scene.report(limit(UNIT)), scene.machine, (), False, False)
    path = carry_out(found, tmp_path, scene.machine, lambda text: None, pause_seconds=0.01).record_path
    removed(scene, UNIT.lstrip("/"))
    scene.commands.clear()
    return path


def test_a_unit_that_systemd_does_not_run_any_more_is_left_to_a_person(
    scene: Scene, path: Path, tmp_path: Path
) -> None:
    """The record says "files", and the cgroup is a unit's by now: whoever writes its file writes past systemd."""
    scene.host.cgroup(UNIT, **{**V2_FILES, "memory__high": f"{200 * MIB}\n"})
    good = load_record(path)
    change = good.changes[0].model_copy(update={"cgroup": UNIT, "cgroup_id": scene.host.hierarchy.id_of(UNIT)})
    by_file = good.model_copy(update={"changes": [change]})
    (scene.host.root / "run/systemd/system").mkdir(parents=True)
    scene.answer = lambda command: Answer(True, f"ControlGroup={UNIT}\nMemoryHigh=infinity")
    with pytest.raises(UsageError, match="was changed through files, and systemd manages it now"):
        rollback(by_file, path, scene.machine, True, lambda text: None)
    assert scene.file(UNIT, "memory.high").read_text() == f"{200 * MIB}\n"


def systemd_has(scene: Scene, **properties: str) -> None:
    has = {"LoadState": "loaded", "ControlGroup": "", "Slice": "system.slice", "MemoryHigh": str(200 * MIB)}
    text = "\n".join(f"{name}={value}" for name, value in {**has, **properties}.items())
    scene.answer = lambda command: Answer(True, text)


def told(scene: Scene) -> list[list[str]]:
    return [command for command in scene.commands if command[1] != "show"]


def test_systemd_is_told_to_forget_what_it_keeps_for_a_unit_that_was_stopped(scene: Scene, stopped: Path) -> None:
    systemd_has(scene)
    assert "systemd was told to set infinity again" in undo(scene, stopped)
    assert told(scene) == [["systemctl", "set-property", "--runtime", "--", "nightly.service", "MemoryHigh=infinity"]]


@pytest.mark.parametrize("properties", [{"MemoryHigh": "4096"}, {"MemoryHigh": "infinity"}, {"LoadState": "not-found"}])
def test_systemd_is_told_nothing_where_it_has_nothing_of_the_change(
    scene: Scene, stopped: Path, properties: dict[str, str]
) -> None:
    systemd_has(scene, **properties)
    assert "systemd has nothing of this change" in undo(scene, stopped)
    assert told(scene) == []


@pytest.mark.parametrize("properties", [{"ControlGroup": "/other.slice/nightly.service"}, {"Slice": "other.slice"}])
def test_another_unit_of_the_name_is_left_alone(scene: Scene, stopped: Path, properties: dict[str, str]) -> None:
    systemd_has(scene, **properties)
    with pytest.raises(UsageError, match="whose is it"):
        undo(scene, stopped)
    assert told(scene) == []


def test_nothing_is_told_before_every_change_is_known_to_be_ours(scene: Scene, stopped: Path) -> None:
    good = load_record(stopped)
    systemd_has(scene)
    other = good.changes[0].model_copy(
        update={
            "cgroup": "/dg/batch",
            "cgroup_id": scene.host.hierarchy.id_of("/dg/batch"),
            "manager": "files",
            "manager_before": None,
        }
    )
    scene.file("/dg/batch", "memory.high").write_text("4096\n")
    both = good.model_copy(update={"changes": [other, *good.changes]})
    with pytest.raises(UsageError, match="somebody changed it"):
        rollback(both, stopped, scene.machine, False, lambda text: None)
    assert told(scene) == []
