"""The way back: to the byte, never over somebody else's later change, from every state a record can be in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from diagnose.change import record
from diagnose.change.carry_out import carry_out
from diagnose.change.machine import Machine
from diagnose.change.model import ChangeRecord
from diagnose.change.plan import plan
from diagnose.change.record import load_record
from diagnose.change.rollback import carry_back, rollback
from diagnose.change.verify import ready
from diagnose.change.way_back import way_back
from diagnose.errors import CannotMeasureError, UsageError
from tests.helpers.change_scene import BOOT, HOSTNAME, MIB, V1_FILES, V2_FILES, Scene, limit, removed, undo


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "host")


@pytest.fixture
def path(scene: Scene, tmp_path: Path) -> Path:
    wanted = scene.report(limit(), limit("/dg/svc", "memory.low", 0, 64 * MIB))
    found = plan(wanted, scene.machine, (), False, False)
    return carry_out(found, tmp_path, scene.machine, lambda text: None, pause_seconds=0.01).record_path


def settings(scene: Scene) -> tuple[str, str]:
    return scene.file("/dg/batch", "memory.high").read_text(), scene.file("/dg/svc", "memory.low").read_text()


def test_everything_back_and_said(scene: Scene, path: Path) -> None:
    assert settings(scene) != ("max", "0")
    said = undo(scene, path)
    assert tuple(s.strip() for s in settings(scene)) == ("max", "0")
    assert "memory.high of '/dg/batch': 200 MiB (209,715,200 bytes) → no limit, as before the change" in said
    assert "everything is as it was before the change" in said
    assert load_record(path).state == "rolled-back"
    assert "there was nothing left to restore" in undo(scene, path)


def test_somebodys_later_change_is_not_overwritten(scene: Scene, path: Path) -> None:
    scene.file("/dg/batch", "memory.high").write_text("300000000\n")
    before = settings(scene)
    with pytest.raises(UsageError, match="somebody changed it after this change"):
        undo(scene, path)
    assert settings(scene) == before, "not even the other setting"
    undo(scene, path, force=True)
    assert tuple(s.strip() for s in settings(scene)) == ("max", "0")


def test_a_killed_apply_is_undone_from_any_step(scene: Scene, path: Path) -> None:
    applied = load_record(path)
    for value in applied.changes[0].steps_bytes:
        record.update(path, applied, "applying")
        scene.file("/dg/batch", "memory.high").write_text(f"{value}\n")
        undo(scene, path)
        assert tuple(s.strip() for s in settings(scene)) == ("max", "0")


def test_a_step_is_somebody_elses_once_the_change_was_complete(scene: Scene, path: Path) -> None:
    scene.file("/dg/batch", "memory.high").write_text(f"{load_record(path).changes[0].steps_bytes[0]}\n")
    with pytest.raises(UsageError, match="somebody changed it"):
        undo(scene, path)


def lowered_again(scene: Scene, folder: Path) -> tuple[Path, list[int]]:
    """Raise a limit from 100 to 400 MiB and kill the way back after its second step; return record and steps taken."""
    file = scene.file("/dg/batch", "memory.high")
    file.write_text(f"{100 * MIB}\n")
    found = plan(scene.report(limit(current=100 * MIB, value=400 * MIB)), scene.machine, (), False, False)
    path = carry_out(found, folder, scene.machine, lambda text: None, pause_seconds=0.01).record_path
    taken: list[int] = []

    def killed_at_the_second() -> bool:
        if (value := int(file.read_text())) not in taken:
            taken.append(value)
        if len(taken) == 2:
            raise SystemExit
        return False

    scene.on_wait = killed_at_the_second
    with pytest.raises(SystemExit):
        undo(scene, path)
    scene.on_wait = lambda: False
    return path, taken


def test_a_killed_rollback_is_run_again(scene: Scene, tmp_path: Path) -> None:
    path, taken = lowered_again(scene, tmp_path)
    assert taken == [270 * MIB, 243 * MIB]  # 300 MiB are used: a tenth less, and again
    assert load_record(path).state == "rolling-back"
    assert load_record(path).changes[0].back_bytes[:3] == [400 * MIB, *taken]
    undo(scene, path)
    assert scene.file("/dg/batch", "memory.high").read_text() == f"{100 * MIB}\n"
    assert load_record(path).state == "rolled-back"


def test_a_value_that_is_none_of_the_way_back_is_somebody_elses(scene: Scene, tmp_path: Path) -> None:
    path, (first, _) = lowered_again(scene, tmp_path)
    file = scene.file("/dg/batch", "memory.high")
    file.write_text(f"{first + 65536}\n")
    with pytest.raises(UsageError, match="somebody changed it"):
        undo(scene, path)
    assert file.read_text() == f"{first + 65536}\n"


def test_a_rollback_that_cannot_be_noted_goes_on_and_says_so(
    scene: Scene, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "update", full)
    said = undo(scene, path)
    assert "could not be brought up to date (No space left on device)" in said
    assert tuple(s.strip() for s in settings(scene)) == ("max", "0")


def test_a_cgroup_that_is_gone_or_new(scene: Scene, path: Path) -> None:
    removed(scene, "dg/batch")
    assert "the cgroup is gone" in undo(scene, path)
    scene.host.cgroup("/dg/batch", **{**V2_FILES, "memory__high": f"{200 * MIB}\n"})
    assert "recreated" in undo(scene, path)
    assert scene.file("/dg/batch", "memory.high").read_text() == f"{200 * MIB}\n"


@pytest.fixture
def renamed(tmp_path: Path) -> tuple[Scene, Path]:
    """A v1 host, which has rename(2) for cgroups: the limit stays in force under the new name."""
    scene = Scene(tmp_path / "v1", "v1")
    found = plan(scene.report(limit(setting="memory.limit_in_bytes")), scene.machine, (), False, False)
    path = carry_out(found, tmp_path, scene.machine, lambda text: None, pause_seconds=0.01).record_path
    (scene.host.memory / "dg/batch").rename(scene.host.memory / "dg/renamed")
    return scene, path


def test_a_renamed_cgroup_is_found_by_its_id(renamed: tuple[Scene, Path]) -> None:
    scene, path = renamed
    ready(load_record(path), scene.machine)
    said = undo(scene, path)
    assert "memory.limit_in_bytes of '/dg/renamed': 200 MiB (209,715,200 bytes) → no limit" in said
    assert scene.file("/dg/renamed", "memory.limit_in_bytes").read_text() == "9223372036854771712\n"


def test_a_new_cgroup_of_a_renamed_ones_name_is_left_alone(renamed: tuple[Scene, Path]) -> None:
    scene, path = renamed
    scene.host.cgroup("/dg/batch", **{**V1_FILES, "memory__limit_in_bytes": f"{200 * MIB}\n"})
    undo(scene, path)
    assert scene.file("/dg/renamed", "memory.limit_in_bytes").read_text() == "9223372036854771712\n"
    assert scene.file("/dg/batch", "memory.limit_in_bytes").read_text() == f"{200 * MIB}\n"


def test_what_changed_while_it_was_reviewed_is_not_overwritten(scene: Scene, path: Path) -> None:
    written, file = load_record(path), scene.file("/dg/batch", "memory.high")
    shown = way_back(written, scene.machine, True)
    file.write_text("123456\n")
    with pytest.raises(UsageError, match="changed while it was reviewed"):
        carry_back(shown, written, path, scene.machine, True, lambda text: None)
    assert file.read_text() == "123456\n"


def test_a_value_that_somebody_sets_on_the_way_back_stays(scene: Scene, tmp_path: Path) -> None:
    path, _ = lowered_again(scene, tmp_path)
    file = scene.file("/dg/batch", "memory.high")

    def set_by_somebody() -> bool:
        file.write_text("123456\n")
        return False

    scene.on_wait = set_by_somebody
    with pytest.raises(CannotMeasureError, match="somebody else set it meanwhile"):
        undo(scene, path)
    assert file.read_text() == "123456\n"


@pytest.mark.parametrize("content", [None, b"", b"20971\0", b"many\n", b"9" * 5000])
def test_a_setting_that_cannot_be_read_is_left_alone(scene: Scene, path: Path, content: bytes | None) -> None:
    file, other = scene.file("/dg/batch", "memory.high"), scene.file("/dg/svc", "memory.low")
    if content is None:
        file.unlink()  # as where the memory controller was taken away from the cgroup
    else:
        file.write_bytes(content)
    before = other.read_bytes()
    with pytest.raises(UsageError, match=r"memory\.high of '/dg/batch' cannot be read"):
        undo(scene, path)
    with pytest.raises(UsageError, match=r"memory\.high of '/dg/batch' cannot be read"):
        ready(load_record(path), scene.machine)
    assert other.read_bytes() == before


def test_another_host_or_boot(scene: Scene, path: Path) -> None:
    hierarchy, wait = scene.host.hierarchy, scene.machine.wait
    before = settings(scene)
    with pytest.raises(UsageError, match=f"made on the host '{HOSTNAME}', and this is 'web9'"):
        undo(scene, path, machine=Machine(hierarchy, "web9", "other", wait))
    assert "booted since" in undo(scene, path, machine=Machine(hierarchy, HOSTNAME, "other", wait))
    assert settings(scene) == before
    persistent = load_record(path).model_copy(update={"persistent": True})
    with pytest.raises(UsageError, match="persistent"):
        rollback(persistent, path, Machine(hierarchy, HOSTNAME, "other", wait), False, print)


@pytest.mark.parametrize(
    "hostile",
    [
        {"cgroup": "/../../../etc"},
        {"cgroup": "/"},
        {"setting": "cgroup.procs"},
        {"setting": "../svc/memory.high"},
    ],
)
def test_a_record_is_input_like_any_other(scene: Scene, path: Path, hostile: dict[str, str]) -> None:
    good = load_record(path)
    bad = good.model_copy(update={"changes": [good.changes[0].model_copy(update=hostile)]})
    before = scene.snapshot()
    with suppress(UsageError):
        rollback(bad, path, scene.machine, True, lambda text: None)
    after = scene.snapshot()
    assert {p for p in before if before[p] != after.get(p)} <= {str(path)}


def test_an_edited_or_cut_record(path: Path) -> None:
    text = path.read_text()
    path.write_text(text.replace('"max\\n"', '"99999"'))
    with pytest.raises(UsageError, match="edited or damaged"):
        load_record(path)
    path.write_text(text[:500])
    with pytest.raises(UsageError, match="cut short"):
        load_record(path)


def test_the_record_says_what_verify_needs(path: Path) -> None:
    written: ChangeRecord = load_record(path)
    assert written.host.boot_id == BOOT
    assert written.before is not None
    assert written.before.file_reads == sum(written.before.file_reads_series)
    assert written.rule == "page-cache-noisy-neighbour"
