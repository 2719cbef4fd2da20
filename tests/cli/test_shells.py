"""Completion in the real shells: what a user has on the line after pressing TAB."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.paths import CHECKOUT

SHARE = CHECKOUT / "share"
START = {
    "bash": (["bash", "--norc", "-i"], f". {SHARE}/bash-completion/completions/diagnose"),
    "zsh": (
        ["zsh", "-f", "-i"],
        f"fpath=({SHARE}/zsh/site-functions $fpath); autoload -Uz compinit; compinit -u -D",
    ),
}
CASES = [
    ("diagnose lat", "diagnose latency "),
    ("diagnose rules sh", "diagnose rules show "),
    ("diagnose rules show page", "diagnose rules show page-cache-noisy-neighbour"),
    ("diagnose demo --scenario crowd", "diagnose demo --scenario crowded-cpu"),
    ("diagnose latency --progress pl", "diagnose latency --progress plain"),
    ("diagnose latency --progress=pl", "diagnose latency --progress=plain"),
    ("diagnose latency --service com", "diagnose latency --service comm:"),
    ("diagnose latency --service=com", "diagnose latency --service=comm:"),
    ("diagnose report cap", "diagnose report capture.json.gz"),
    ("diagnose report cap* --output fol", "diagnose report cap* --output folder/"),
]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder to stand in, with `diagnose` of this checkout in bin/."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "diagnose"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -m diagnose.cli "$@"\n')
    program.chmod(0o755)
    (tmp_path / "capture.json.gz").touch()
    (tmp_path / "folder").mkdir()
    return tmp_path


def environment(here: Path) -> dict[str, str]:
    return {
        "PATH": f"{here}/bin:{os.environ['PATH']}",
        "HOME": str(here),
        "TERM": "dumb",
        "PS1": "ready> ",
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
    }


@contextmanager
def typing(shell: str, here: Path) -> Iterator[int]:
    """Yield the terminal of an interactive shell with our completion loaded."""
    command, setup = START[shell]
    child, terminal = pty.fork()
    if not child:
        os.chdir(here)
        os.execvpe(command[0], command, environment(here))  # noqa: S606 - this is the shell
    try:
        os.write(terminal, f"{setup}; echo lo''aded\n".encode())
        seen(terminal, "loaded\r\n")
        yield terminal
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def seen(terminal: int, wanted: str, seconds: float = 60) -> str:
    """Read until the text has come; fails with what came instead."""
    got, until = "", time.monotonic() + seconds
    while wanted not in got.replace("\x07", ""):
        ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
        assert ready, f"{wanted!r} did not come, but {got!r}"
        got += os.read(terminal, 65536).decode(errors="replace")
    return got


@pytest.mark.parametrize("shell", START)
@pytest.mark.parametrize(("typed", "completed"), CASES)
def test_tab_completes(shell: str, typed: str, completed: str, here: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed (.ci/test-packages installs it)")
    with typing(shell, here) as terminal:
        os.write(terminal, typed.encode() + b"\t")
        seen(terminal, completed)


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed (.ci/test-packages installs it)")
@pytest.mark.parametrize(("typed", "completed"), CASES)
def test_fish_offers_it(typed: str, completed: str, here: Path) -> None:
    script = f"source {SHARE}/fish/vendor_completions.d/diagnose.fish; complete -C $argv[1]"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script, typed], cwd=here, env=environment(here), capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert completed.split()[-1] in [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_a_name_that_bash_would_run_is_quoted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import CompletionItem, ShellComplete

    from diagnose.cli import cli
    from diagnose.cli.shells import Bash

    hostile = [CompletionItem(value) for value in ("/x/$(reboot)", "/x/a b", "/x/;ls")]
    monkeypatch.setattr(ShellComplete, "get_completions", lambda *_: hostile)
    offered = Bash(cli, {}, "diagnose", "_X").get_completions([], "")
    assert [item.value for item in offered] == ["'/x/$(reboot)'", "'/x/a b'", "'/x/;ls'"]


def test_names_that_cannot_be_seen_are_not_offered() -> None:
    from diagnose.cli._completions import _items

    assert [item.value for item in _items([("a\x1b[31m", ""), ("a\nb", ""), ("plain", "")])] == ["plain"]
