"""Whom `apply`, `verify` and `rollback` obey: files of root alone, unedited; any other is shown, and asked about."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from diagnose.change.carry_out import carry_out
from diagnose.change.plan import plan
from diagnose.change.record import load_record
from diagnose.report.digest import sealed
from tests.helpers.change_scene import MIB, Scene, limit, written
from tests.helpers.run_cli import exit_code

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to others")


@pytest.fixture
def record(scene: Scene, tmp_path: Path) -> Path:
    found = plan(scene.report(limit()), scene.machine, (), False, False)
    (tmp_path / "records").mkdir()
    return carry_out(found, tmp_path / "records", scene.machine, lambda line: None, pause_seconds=0.01).record_path


def high(scene: Scene) -> str:
    return scene.file("/dg/batch", "memory.high").read_text().strip()


def edit(record: Path, **fields: Any) -> None:
    """Change fields of the first change, and give the record a new digest, as anybody can."""
    document = json.loads(record.read_text())
    document["changes"][0].update(fields)
    record.write_text(json.dumps(sealed(document)))


def test_a_record_of_this_host_is_obeyed_where_nobody_can_be_asked(
    scene: Scene, record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("rollback", record) == 0
    out = capsys.readouterr().out
    assert "to restore: memory.high of '/dg/batch': 200 MiB (209,715,200 bytes) → no limit, through the cgroup's" in out
    assert high(scene) == "max"
    assert exit_code("rollback", record) == 0


def test_a_copy_of_it_is_as_good(scene: Scene, record: Path, tmp_path: Path) -> None:
    shutil.copy(record, tmp_path / "copy.json")
    assert exit_code("rollback", tmp_path / "copy.json") == 0
    assert high(scene) == "max"


@pytest.mark.parametrize("options", [[], ["--yes"], ["--trust-file"]])
def test_an_edited_record_is_shown_and_not_obeyed(
    scene: Scene, record: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    edit(record, before_bytes=300 * MIB, before_text=f"{300 * MIB}\n")
    assert exit_code("rollback", record, *options) == 2
    assert "200 MiB (209,715,200 bytes) → 300 MiB (314,572,800 bytes)" in capsys.readouterr().out
    assert high(scene) == str(200 * MIB)
    assert load_record(record).state == "applied"


def test_it_is_obeyed_on_the_word_of_the_person_who_runs_it(scene: Scene, record: Path) -> None:
    edit(record, before_bytes=300 * MIB, before_text=f"{300 * MIB}\n")
    assert exit_code("rollback", record, "--yes", "--trust-file") == 0
    assert high(scene) == str(300 * MIB)


def test_a_record_that_contradicts_itself_is_never_obeyed(scene: Scene, record: Path) -> None:
    edit(record, before_text=f"{8 * MIB}\n")
    assert exit_code("rollback", record, "--yes", "--trust-file", "--force") == 2
    assert high(scene) == str(200 * MIB)


def test_a_limit_below_the_floor_of_now_is_not_restored(scene: Scene, record: Path) -> None:
    edit(record, before_bytes=30 * MIB, before_text=f"{30 * MIB}\n", steps_bytes=[200 * MIB])
    assert exit_code("rollback", record, "--yes", "--trust-file") == 2
    assert high(scene) == str(200 * MIB)
    assert exit_code("rollback", record, "--yes", "--trust-file", "--force") == 0
    assert high(scene) == str(30 * MIB)


def test_a_host_that_keeps_nothing_goes_by_owner_and_mode(scene: Scene, record: Path) -> None:
    shutil.rmtree(scene.host.root / "var")
    assert exit_code("rollback", record) == 2, "there is no terminal to ask on"
    assert high(scene) == str(200 * MIB)
    assert exit_code("rollback", record, "--yes") == 0
    assert high(scene) == "max"


def test_where_nothing_can_be_kept_apply_says_so_and_goes_on(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scene.host.root / "var/lib").rmdir()
    (scene.host.root / "var/lib").write_text("in the way")
    assert exit_code("apply", written(scene.report(limit()), tmp_path), "--yes", "--pause", "0.05") == 0
    assert "rollback goes by the owner and mode of the record" in capsys.readouterr().err
    (record,) = tmp_path.glob("change-*")
    assert exit_code("rollback", record, "--yes") == 0


def test_what_is_in_force_no_more_is_not_kept(scene: Scene, record: Path) -> None:
    digests = scene.host.root / "var/lib/diagnose/records" / scene.machine.boot_id
    assert [file.name for file in digests.iterdir()] == [str(load_record(record).digest).removeprefix("sha256:")]
    assert exit_code("rollback", record) == 0
    assert list(digests.iterdir()) == []


@pytest.mark.parametrize("owned", ["file", "folder"])
@as_root
def test_a_record_of_another_user_is_shown_and_not_obeyed(
    scene: Scene, record: Path, owned: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.chown(record if owned == "file" else record.parent, NOBODY, NOBODY)
    if owned == "folder":
        edit(record, setting="memory.high")
        document = json.loads(record.read_text())
        record.write_text(json.dumps(sealed({**document, "why": "another digest"})))
    for options in ([], ["--yes"], ["--trust-file"]):
        assert exit_code("rollback", record, *options) == 2
        assert high(scene) == str(200 * MIB)
    assert f"belongs to uid {NOBODY}" in capsys.readouterr().err
    assert exit_code("rollback", record, "--trust-file", "--yes") == 0
    assert high(scene) == "max"


@as_root
def test_a_record_of_another_user_with_nothing_left_to_do_is_not_written_to(scene: Scene, record: Path) -> None:
    scene.file("/dg/batch", "memory.high").write_text("max\n")
    os.chown(record, NOBODY, NOBODY)
    before = record.read_bytes()
    assert exit_code("rollback", record) == 0
    assert record.read_bytes() == before


@as_root
def test_a_report_of_another_user_is_shown_and_not_applied(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = written(scene.report(limit()), tmp_path)
    os.chown(report, NOBODY, NOBODY)
    for options in ([], ["--yes"], ["--trust-file"]):
        assert exit_code("apply", report, *options, "--pause", "0.05") == 2
        out, err = capsys.readouterr()
        assert "change 1: memory.high of /dg/batch" in out
        assert err.startswith("diagnose: nothing was changed: ")
        assert high(scene) == "max"
    assert exit_code("apply", report, "--dry-run") == 0
    assert "apply wants --trust-file for it" in capsys.readouterr().err
    assert exit_code("apply", report, "--trust-file", "--yes", "--pause", "0.05") == 0
    assert high(scene) == str(200 * MIB)


@as_root
@pytest.mark.parametrize("edited", [False, True])
def test_where_sudo_is_called_root_obeys_what_root_measured(scene: Scene, tmp_path: Path, edited: bool) -> None:
    home = tmp_path / "home"
    home.mkdir()
    report = written(scene.report(limit()), home)
    scene.machine.reports.keep(json.loads(report.read_text())["digest"])
    if edited:
        document = json.loads(report.read_text())
        document["recommendations"][0]["value_bytes"] = 100 * MIB
        report.write_text(json.dumps(sealed(document)))
    os.chown(home, NOBODY, NOBODY)
    assert exit_code("apply", report, "--yes", "--pause", "0.05") == (2 if edited else 0)
    assert high(scene) == ("max" if edited else str(200 * MIB))
    for record in home.glob("change-*"):
        assert exit_code("rollback", record) == 0
        assert high(scene) == "max"


@as_root
@pytest.mark.parametrize("options", [[], ["--yes"], ["--trust-file"]])
def test_a_record_of_another_user_is_not_measured_by(
    scene: Scene, record: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    os.chown(record, NOBODY, NOBODY)
    assert exit_code("verify", record, *options) == 2
    out = capsys.readouterr().out
    assert "the record says: memory.high of /dg/batch: no limit → 200 MiB" in out
    assert "measuring" not in out
