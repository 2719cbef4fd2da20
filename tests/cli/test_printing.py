"""What is printed can be seen, and what is printed to be pasted means what it says, whatever names are in it."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from diagnose.change.record import load_record
from diagnose.cli._common import say, show_click_error, tell_visible, word
from diagnose.escape import visible_lines
from tests.helpers.change_box import MIB, Box
from tests.helpers.imports import modules
from tests.helpers.paths import CHECKOUT

PRINTERS = {
    "diagnose.cli._common": {"click.echo", "click.confirm"},
    "diagnose.cli.progress.lines": {"self._stream.write"},
    "diagnose.cli.progress.live": {"self._console.print", "self._stream.write"},
    "diagnose.cli._streams": {"self.stream.write"},
}
"""Who prints for everybody; each takes `Visible`, draws what is made of it, or passes on what others have printed."""
ASIDE = ("diagnose.report.wording.handbook", "diagnose.report.formats.schema", "diagnose.rules.json_schema",
         "diagnose.analysis.statistics.accuracy", "diagnose.report.formats.text")  # fmt: skip
"""They print pages of our own for `make reference`; the last draws into a string."""
RAW = """
from diagnose.cli._common import complain, tell
from diagnose.escape import visible

def show(name: str) -> None:
    tell(visible(name))
    complain(visible(f"no {name}"))
    tell(name)
    complain(f"no {name}")
"""


def test_mypy_finds_a_raw_name_that_is_printed(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "raw.py").write_text(RAW)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(tmp_path / "raw.py")],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    errors = [line.split(":", 1)[1] for line in done.stdout.splitlines() if "error:" in line]
    wrong = 'has incompatible type "str"; expected "Visible"  [arg-type]'
    assert errors == [f'8: error: Argument 1 to "tell" {wrong}', f'9: error: Argument 1 to "complain" {wrong}']


def test_nobody_else_prints() -> None:
    for name, path in modules().items():
        if name not in ASIDE:
            assert printing(path) <= PRINTERS.get(name, set()), name


def printing(path: Path) -> set[str]:
    """Return what a module calls that prints: of click, print(), and writing to a stream."""
    called = {ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)}
    of_click = {f"click.{name}" for name in ("echo", "secho", "confirm", "prompt", "echo_via_pager")}
    ends = ("print", ".print_exc", "stream.write", "stdout.write", "stderr.write")
    return {name for name in called if name in of_click or name.split(".")[-1] == "print" or name.endswith(ends[1:])}


HOSTILE = "a\x1b[2J\u202e\n'; touch x; $(touch y)"


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"no {HOSTILE}")
    tell_visible(f"first {HOSTILE}")
    printed = capsys.readouterr()
    assert printed.err == "diagnose: no a\\x1b[2J\\u202e␤'; touch x; $(touch y)\n"
    assert printed.out == "first a\\x1b[2J\\u202e\n'; touch x; $(touch y)\n"


def test_what_was_typed_is_quoted_visibly(capsys: pytest.CaptureFixture[str]) -> None:
    show_click_error(click.BadParameter(f"{HOSTILE} is none"))
    printed = capsys.readouterr().err
    assert "\\u202e" in printed
    assert visible_lines(printed) == printed


@pytest.mark.parametrize(
    "name", ["plain", "a b", "-x", "$(reboot)", "it's", "a\x1b[31m", "\u202e", r"\x1b", "é", "a\nb"]
)
def test_a_path_is_one_word_of_a_shell(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    pasted = word(Path(name))
    assert visible_lines(pasted) == pasted
    assert "\n" not in pasted
    done = subprocess.run(["bash", "-c", f"ls {pasted}"], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.removeprefix(b"./") == os.fsencode(f"{name}\n")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    folder = tmp_path / "it's a\x1b[31m $(touch x); touch y"
    folder.mkdir()
    made = Box(folder)
    try:
        yield made
    finally:
        made.remove()


@pytest.mark.kernel
def test_the_commands_that_apply_prints_can_be_pasted(box: Box, tmp_path: Path) -> None:
    before, report = box.state(), box.report(box.limit(100 * MIB))
    done = run(sys.executable, "-m", "diagnose.cli", "apply", str(report), "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(":", 1) for line in done.stdout.splitlines() if line.startswith(("check:", "undo:")))
    (record,) = box.folder.glob("change-*.json")
    for kind, line in lines.items():
        command = line.strip().replace("diagnose", f"{shlex.quote(sys.executable)} -m diagnose.cli", 1)
        done = run("bash", "-c", f"{command}{' --duration 1' if kind == 'check' else ''}", cwd=tmp_path)
        assert "no such file" not in done.stderr
        assert (kind, done.returncode) in (("check", 3), ("undo", 0)), done.stderr  # nothing was read in that second
    assert load_record(record).state == "rolled-back"
    assert box.state() == before
    assert {path.name for path in tmp_path.iterdir()} == {box.folder.name}


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command; whatever it prints can be seen."""
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert visible_lines(done.stdout + done.stderr) == done.stdout + done.stderr
    return done
