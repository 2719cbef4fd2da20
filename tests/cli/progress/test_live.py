"""The live view on a real terminal emulator (tmux): what is on the screen, and what is left of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.helpers.paths import CHECKOUT

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="tmux is not installed (.ci/test-packages installs it)"
)
PLAYER = """
import sys
from diagnose.cli.progress import watcher
from tests.helpers.progress_examples import seen
print("above")
watching = watcher()
for window, line in enumerate(sys.stdin, 1):
    if line == "end\\n":
        break
    watching(seen(window))
watching.end()
print("below")
sys.stdin.readline()
"""
STOPPABLE = """
from diagnose.cli.progress import watcher
from diagnose.measure.stopping import stoppable
from tests.helpers.progress_examples import seen
print("above")
watching, window = watcher(), 1
with stoppable() as wait:
    while not wait(0.3):
        watching(seen(window))
        window += 1
    watching.end()
print("below")
input()
"""


class Screen:
    """A tmux of our own with one pane, in which the player draws a window for every line that is typed."""

    def __init__(self, folder: Path, environment: dict[str, str], program: str = PLAYER) -> None:
        self._socket = str(folder / "tmux")
        self._typed = folder / "typed"
        os.mkfifo(self._typed)
        words = [f"{k}={v}" for k, v in {"LANG": "C.UTF-8", "PYTHONPATH": str(CHECKOUT), **environment}.items()]
        (folder / "player.py").write_text(program)
        command = f"exec env {' '.join(words)} {sys.executable} {folder}/player.py < {self._typed}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command)
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        self._keyboard = self._typed.open("w")

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", self._socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, line: str = "window") -> None:
        self._keyboard.write(f"{line}\n")
        self._keyboard.flush()

    def until(self, holds: Callable[[str], bool], escapes: bool = False) -> str:
        """Return what is on the screen as soon as it is as wanted; fails with it after a minute."""
        until = time.monotonic() + 60
        while True:
            text = self.tmux("capture-pane", "-p", *(["-e"] if escapes else []))
            if holds(text):
                return text
            assert time.monotonic() < until, text
            time.sleep(0.05)

    def close(self) -> None:
        """End the server, also when the player in it has died and nobody reads what is typed any more."""
        try:
            with suppress(BrokenPipeError):
                self._keyboard.close()
        finally:
            self.tmux("kill-server")


@pytest.fixture
def environment() -> dict[str, str]:
    return {}


@pytest.fixture
def screen(tmp_path: Path, environment: dict[str, str]) -> Iterator[Screen]:
    made = Screen(tmp_path, environment)
    yield made
    made.close()


def windows(text: str) -> list[str]:
    return [line.split(" of ")[0] for line in text.splitlines() if " windows measured" in line]


def drawn(screen: Screen, window: int, escapes: bool = False) -> str:
    """Type until a window of at least this number is drawn: they are drawn at most four times a second."""
    for _ in range(window):
        screen.type()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.3)
        screen.type()
        text = screen.tmux("capture-pane", "-p", *(["-e"] if escapes else []))
        if " windows measured" in text:
            return text
    raise AssertionError(text)


def test_the_view_is_drawn_in_place_and_becomes_one_line(screen: Screen) -> None:
    drawn(screen, 1)
    text = drawn(screen, 3)
    assert len(windows(text)) == 1
    assert text.splitlines()[0] == "above"
    assert "top evictor  /dg/batch" in text
    screen.type("end")
    left = screen.until(lambda text: "below" in text).split("\n")
    assert left[0] == "above"
    assert left[1].startswith("measured ")
    assert "windows measured" not in "\n".join(left)
    assert screen.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]


def test_ctrl_c_leaves_one_line_and_the_cursor(tmp_path: Path) -> None:
    screen = Screen(tmp_path, {}, STOPPABLE)
    try:
        screen.until(lambda text: "3 of 120 windows measured" in text)
        screen.tmux("send-keys", "C-c")
        left = screen.until(lambda text: "below" in text).split("\n")
        assert left[0] == "above"
        assert left[1].startswith("measured ")
        assert not any(" windows measured" in line or "^C" in line for line in left)
        assert screen.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}").split() == ["0", "1"]
    finally:
        screen.close()


def test_after_a_pause_the_view_begins_below_what_the_shell_wrote(tmp_path: Path) -> None:
    screen = Screen(tmp_path, {}, STOPPABLE)
    try:
        screen.until(lambda text: " windows measured" in text)
        os.kill(int(screen.tmux("display-message", "-p", "#{pane_pid}")), signal.SIGCONT)
        screen.until(lambda _text: len(windows(screen.tmux("capture-pane", "-p", "-S", "-100"))) == 2)
    finally:
        screen.close()


@pytest.mark.parametrize("size", [(50, 20), (120, 50), (40, 12)])
def test_after_a_resize_nothing_of_the_old_view_is_left(size: tuple[int, int], screen: Screen) -> None:
    drawn(screen, 1)
    screen.tmux("resize-window", "-x", str(size[0]), "-y", str(size[1]))
    text = drawn(screen, 2)
    assert len(windows(text)) == 1
    assert max(map(len, text.splitlines())) <= size[0]


def test_missed_reads_are_coloured_and_also_told_without(screen: Screen) -> None:
    assert "\x1b[35m█" in drawn(screen, 1, escapes=True)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}])
def test_no_color_is_respected(screen: Screen) -> None:
    text = drawn(screen, 1, escapes=True)
    assert "\x1b[35m" not in text
    assert "missed" in text


@pytest.mark.parametrize("environment", [{"LANG": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}])
def test_a_terminal_without_unicode_gets_ascii(screen: Screen) -> None:
    text = drawn(screen, 1)
    assert text.isascii()
    assert "####" in text
    assert "us  " in text


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}])
def test_a_dumb_terminal_gets_no_escapes(screen: Screen) -> None:
    for _ in range(120):
        screen.type()
    text = screen.until(lambda text: "measured 120 of 120" in text.replace("\n", ""))
    assert "windows measured" not in text
