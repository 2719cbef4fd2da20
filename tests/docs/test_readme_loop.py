"""The loop as README and the worked example show it: the transcripts are run as they stand, and print what they say."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from tests.helpers.paths import CHECKOUT

TRANSCRIPTS = ("README.md", "docs/worked-example.md")
"""The same commands in the same order in each, so that one run serves them all."""
READY = "the workloads go on until Ctrl-C"
_UNIT = r"(?: (?:ns|µs|ms|s|B|KiB|MiB|GiB|%|percentage points))?"
_NUMBER = re.compile(rf"[−-]?\d[\d.,]*(?:e-\d+)?{_UNIT}")


def transcript(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page's console blocks with what they print, in order."""
    text = "\n".join(re.findall(r"```console\n(.*?)```", (CHECKOUT / page).read_text(), re.DOTALL))
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def steps() -> list[tuple[str, list[str]]]:
    """Return each command with what every page says that it prints."""
    pages = [transcript(page) for page in TRANSCRIPTS]
    (commands,) = {tuple(command for command, _ in page) for page in pages}
    return [(command, [page[i][1] for page in pages]) for i, command in enumerate(commands)]


def shape(text: str) -> list[str]:
    """Return the lines with numbers blanked, and runs of lines that then look alike as one."""
    lines = [re.sub(r"\d{8}T\d{6}Z", "TIME", line).strip() for line in text.strip().splitlines()]
    blank = [_NUMBER.sub("#", line) for line in lines]
    return [line for i, line in enumerate(blank) if i == 0 or line != blank[i - 1]]


def _line(wanted: str) -> str:
    if wanted == "…":
        return r"(?:[^\n]*\n)*?"
    one = re.escape(wanted).replace("…", r"[^\n]*") + r"\n"
    return f"(?:{one})?" if wanted.startswith("diagnose: step ") else one


def assert_like(printed: str, expected: str) -> None:
    """Compare shapes; a line of "…" in the README stands for any lines, and "…" at a line's end for any rest.

    The steps in which a limit is lowered may be missing: a job may be within it at that moment.
    """
    wanted, found = shape(expected), shape(printed)
    pattern = "".join(map(_line, wanted))
    assert re.fullmatch(pattern, "".join(f"{line}\n" for line in found)), "\n".join([*wanted, "--- printed:", printed])


@contextmanager
def in_the_background(command: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a command until it says that it goes on; yield what it printed; end it like Ctrl-C afterwards."""
    child = subprocess.Popen(
        ["bash", "-c", f"exec {command}"], cwd=folder, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    printed = []
    try:
        assert child.stdout is not None
        for line in child.stdout:
            printed.append(line)
            if READY in line:
                break
        yield "".join(printed)
    finally:
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)


def memory_settings(top: str) -> dict[str, bytes]:
    hierarchy = Hierarchy.discover()
    names = (
        "memory.limit_in_bytes",
        "memory.soft_limit_in_bytes",
        "memory.max",
        "memory.high",
        "memory.low",
        "memory.min",
    )
    files = [hierarchy.directory(path) / name for _, path in hierarchy.walk(top) for name in names]
    return {str(file): file.read_bytes() for file in files if file.exists()}


def assert_nothing_left_of_the_neighbour(folder: Path) -> None:
    """Expect "fixed", or "better" where something else than the neighbour goes on to make reads slow.

    A host that takes memory from a virtual machine makes reads of cached pages as slow as a fast device.
    """
    found = json.loads((folder / "verify.json").read_text())
    before, after = (found[side]["evicted_by_pages"] for side in ("before", "after"))
    assert after["neighbours"] <= before["neighbours"] / 20
    assert found["rule_still_fires"] is False
    assert found["verdict"] in ("fixed", "better")


@pytest.mark.kernel
def test_the_transcript(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
    (demo, demo_prints), *commands = steps()
    with in_the_background(demo, tmp_path, environment) as printed:
        (top,) = set(re.findall(r"/diagnose-demo-\d+", printed))
        before = memory_settings(top)
        applied = None
        for command, prints in commands:
            said = typed(command, tmp_path, environment)
            for expected in prints:
                assert_like(said.replace("verdict: better: ", "verdict: fixed: "), expected)
            if " apply " in command and " --yes" in command:
                applied = memory_settings(top)
            if " verify " in command:
                assert_nothing_left_of_the_neighbour(tmp_path / "before")
        assert applied not in (None, before)
        assert memory_settings(top) == before, "rollback brings every file back to the byte"
    for expected in demo_prints:
        assert_like(printed, expected)
    time.sleep(0.1)
    assert not Hierarchy.discover().exists(top)


def typed(command: str, where: Path, environment: dict[str, str]) -> str:
    """Return what a command prints, on both streams."""
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1"], cwd=where, env=environment, capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    print(f"$ {command}\n{done.stdout}")
    return done.stdout


@pytest.mark.parametrize("page", TRANSCRIPTS)
def test_the_demo_prints_what_a_recorded_one_would(page: str, tmp_path: Path) -> None:
    """Without a kernel: the report of the demo's scenario, recorded, in the place of a live one."""
    recorded = CHECKOUT / "diagnose" / "lab" / "recorded" / "noisy-neighbour.capture.json.gz"
    command = [sys.executable, "-m", "diagnose.cli", "report", recorded, "--output", "before"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    _, expected = transcript(page)[0]
    assert_like(f"diagnose: …\n{done.stdout}diagnose: {READY}: {expected.rsplit(': ', 1)[1]}", expected)


def test_shapes() -> None:
    assert shape("step 1 of 4: 3 MiB\nstep 2 of 4: 2.5 MiB\nend") == ["step # of #: #", "end"]
    assert_like("a 1 ms\nx\ny\nend of it\n", "a 22 µs\n…\nend …\n")
    with pytest.raises(AssertionError):
        assert_like("a\nb\n", "a\n")
