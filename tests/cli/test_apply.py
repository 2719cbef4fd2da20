"""The commands: they ask, take only yes for yes, and give the exit codes that their help promises."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from diagnose.change import verify, verify_files, verify_text
from diagnose.change.carry_out import carry_out
from diagnose.change.plan import plan
from diagnose.change.record import load_record
from diagnose.cli._common import cli
from diagnose.cli._manual import Manual
from diagnose.cli.verify import measure_again
from tests.helpers.change_scene import MIB, Scene, limit, written
from tests.helpers.run_cli import exit_code

ENTRY = "import sys; from diagnose.cli import main; main(sys.argv[1:])"


def test_apply_and_rollback(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = written(scene.report(limit()), tmp_path)
    assert exit_code("apply", report, "--yes", "--pause", "0.05") == 0
    out, err = capsys.readouterr()
    assert "applied: memory.high of /dg/batch: no limit → 200 MiB (209,715,200 bytes), read back" in out
    assert "step 4 of 4" in err
    (record,) = tmp_path.glob("change-*.json")
    assert exit_code("rollback", record) == 0
    assert scene.file("/dg/batch", "memory.high").read_text() == "max\n"


def test_harm_is_exit_1_and_refusal_exit_2(scene: Scene, tmp_path: Path) -> None:
    report = written(scene.report(limit()), tmp_path)
    scene.on_wait = lambda: True
    assert exit_code("apply", report, "--yes", "--pause", "0.05") == 1
    scene.file("/dg/batch", "memory.high").write_text("4096\n")
    assert exit_code("apply", report, "--yes") == 2


def test_a_value_of_somebody_else_is_said_to_stay(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = scene.file("/dg/batch", "memory.high")

    def set_by_somebody() -> bool:
        file.write_text("123456\n")
        return False

    scene.on_wait = set_by_somebody
    assert exit_code("apply", written(scene.report(limit()), tmp_path), "--yes", "--pause", "0.05") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith("somebody else set it meanwhile, and their value stays; everything else was restored")
    assert file.read_text() == "123456\n"


@pytest.mark.parametrize(
    "options", [["--pause", "0"], ["--rollback-if-worse"], ["--verify", "--duration", "0"], ["--select", "7"]]
)
def test_bad_options_are_exit_2(scene: Scene, tmp_path: Path, options: list[str]) -> None:
    assert exit_code("apply", written(scene.report(limit()), tmp_path), "--yes", *options) == 2


def test_nothing_to_apply_is_exit_2_and_said(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("apply", written(scene.report(limit(value=None)), tmp_path), "--yes") == 2
    assert "recommendation 1 is not applied: it has no value to apply" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["apply", "verify", "rollback"])
def test_without_root_it_is_one_line_and_exit_3(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert exit_code(command, tmp_path / "x.json") == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


ANSWERS = pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 2), (b"\n", 2)])


def answered(scene: Scene, answer: bytes, *arguments: object) -> tuple[int, str]:
    """Run a command in a process of its own, whose standard input is a terminal; its machine is made of files."""
    program = (
        "import sys, os; sys.path[:0] = sys.argv.pop().split(':'); os.geteuid = lambda: 0\n"
        "from pathlib import Path; from diagnose.cgroups import Hierarchy\n"
        "from diagnose.change.machine import Machine\n"
        f"root = Path({str(scene.host.root)!r})\n"
        "host = Hierarchy.discover(root)\n"
        "Machine.this = lambda wait: Machine(host, 'db1', '0b00-7', wait, root=root, owner=os.getuid())\n" + ENTRY
    )
    here, there = pty.openpty()
    command = [sys.executable, "-c", program, *map(str, arguments), ":".join(sys.path)]
    child = subprocess.Popen(command, stdin=there, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    threading.Timer(0.5, os.write, (here, answer)).start()
    out, err = child.communicate(timeout=60)
    os.close(here)
    os.close(there)
    return child.returncode, out + err


@ANSWERS
def test_it_asks_on_a_terminal(tmp_path: Path, answer: bytes, code: int) -> None:
    made = Scene(tmp_path / "host")
    report = written(made.report(limit(value=290 * MIB)), tmp_path)
    ended, said = answered(made, answer, "apply", report, "--pause", "0.05")
    assert "Apply this change? [y/N]" in said
    assert ended == code, said
    assert (made.file("/dg/batch", "memory.high").read_text() != "max\n") == (code == 0)


@ANSWERS
def test_the_way_back_is_shown_and_asked_for(tmp_path: Path, answer: bytes, code: int) -> None:
    made = Scene(tmp_path / "host")
    found = plan(made.report(limit(value=290 * MIB)), made.machine, (), False, False)
    path = carry_out(found, tmp_path, made.machine, lambda line: None, pause_seconds=0.01).record_path
    ended, said = answered(made, answer, "rollback", path)
    assert said.index("290 MiB (304,087,040 bytes) → no limit") < said.index("Restore this? [y/N]")
    assert ended == code, said
    assert (made.file("/dg/batch", "memory.high").read_text() == "max\n") == (code == 0)


@pytest.mark.parametrize(
    ("verdict", "code", "back"), [("worse", 1, True), ("no change", 1, False), ("fixed", 0, False)]
)
def test_worse_is_rolled_back(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verdict: str, code: int, back: bool
) -> None:
    found = plan(scene.report(limit()), scene.machine, (), False, False)
    path = carry_out(found, tmp_path, scene.machine, lambda line: None, pause_seconds=0.01).record_path
    comparison = SimpleNamespace(verdict=verdict, helped=verdict in ("fixed", "better"))
    monkeypatch.setattr(verify, "verify", lambda *_: SimpleNamespace(comparison=comparison))
    monkeypatch.setattr(verify_files, "write", lambda *_: tmp_path / "verify.md")
    monkeypatch.setattr(verify_text, "sentence", lambda _: verdict)
    ended = measure_again(load_record(path), path, scene.machine, None, None, "none", rollback_if_worse=True)  # type: ignore[arg-type]
    assert ended == code
    assert (scene.file("/dg/batch", "memory.high").read_text() == "max\n") == back
    assert load_record(path).state == ("rolled-back" if back else "applied")


def test_verify_refuses_what_is_not_in_force(scene: Scene, tmp_path: Path) -> None:
    found = plan(scene.report(limit()), scene.machine, (), False, False)
    path = carry_out(found, tmp_path, scene.machine, lambda line: None, pause_seconds=0.01).record_path
    scene.file("/dg/batch", "memory.high").write_text("4096\n")
    assert exit_code("verify", path) == 2
    scene.file("/dg/batch", "memory.high").write_text("max\n")
    assert exit_code("rollback", path) == 0
    assert exit_code("verify", path) == 2


@pytest.mark.parametrize("name", ["apply", "verify", "rollback"])
def test_every_option_says_what_it_does(name: str) -> None:
    command = cli.commands[name]
    assert command.help
    assert isinstance(command, Manual)
    assert {0, 2, 3} <= set(command.exits)
    assert all(option.help for option in command.params if isinstance(option, click.Option))
