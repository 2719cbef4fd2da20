"""The place where the report was to go fails while it is written, or is gone by then."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.soak.ending import REPORT_FILES, Ending
from tests.soak.scene import Scene, reader

KIB = 1 << 10
SIZES = (4 * KIB, 16 * KIB, 24 * KIB, 48 * KIB)
"""Of the disk: too small for any file, for the second, for the third (a report of this workload takes about 60 KiB)."""
READ_SECONDS = 2.0


def full(scene: Scene, seconds: float) -> str:
    """The disk full while the report is written, with room in $TMPDIR and without."""
    for size in SIZES:
        for with_room in (True, False):
            output = scene.new_output()
            with small_disk(output, size):
                ending = _measured(scene, output, scene.temporary if with_room else output)
                _stayed(scene, output, set())
                _went_elsewhere(scene, ending, output) if with_room else _refused(scene, ending)
    return f"disks of {', '.join(f'{size >> 10}' for size in SIZES)} KiB"


def read_only(scene: Scene, seconds: float) -> str:
    """The output folder's disk made read-only during the capture."""
    output = scene.new_output()
    with small_disk(output, 1 << 20):
        ending = _measured(scene, output, scene.temporary, lambda: _run("mount", "-o", "remount,ro", str(output)))
        _stayed(scene, output, set())
        _went_elsewhere(scene, ending, output)
    return "remounted"


def removed(scene: Scene, seconds: float) -> str:
    """The output folder removed during the capture, or a file in its place."""
    for replaced in (False, True):
        output = scene.new_output()
        output.mkdir()
        ending = _measured(scene, output, scene.temporary, partial(_away, output, replaced))
        if replaced:
            _went_elsewhere(scene, ending, output)
    return "removed; replaced by a file"


def _measured(scene: Scene, output: Path, temporary: Path, meanwhile: Callable[[], None] = lambda: None) -> Ending:
    worker = reader(scene, READ_SECONDS)
    with scene.tool(output, "--window", "0.5", temporary=temporary) as tool:
        tool.begun()
        worker.act()
        meanwhile()
        time.sleep(1.2)
        return scene.end(tool, output)


def _away(output: Path, replaced: bool) -> None:
    output.rmdir()
    if replaced:
        output.touch()


def _went_elsewhere(scene: Scene, ending: Ending, output: Path) -> None:
    """The whole report is in $TMPDIR, a warning says so, and nothing else is there; then it is removed."""
    if ending.folder == output or f"{output} could not take the report" not in ending.err:
        scene.faults.append(f"no word of where the report went: {ending.err.strip()}")
        return
    if {path.name for path in ending.folder.iterdir()} != REPORT_FILES:
        scene.faults.append(f"in $TMPDIR: {sorted(path.name for path in ending.folder.iterdir())}")
    for path in ending.folder.iterdir():
        path.unlink()
    ending.folder.rmdir()


def _refused(scene: Scene, ending: Ending) -> None:
    if ending.code != 2 or "nor could the temporary folder" not in ending.err:
        scene.faults.append(f"nowhere to write, and {ending.said}")


def _stayed(scene: Scene, output: Path, wanted: set[str]) -> None:
    there = {path.name for path in output.iterdir()}
    if there != wanted:
        scene.faults.append(f"left in the folder: {sorted(there)}")


@contextmanager
def small_disk(at: Path, size: int) -> Iterator[None]:
    """Mount a file system of `size` bytes."""
    at.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "diagnose-soak", str(at))
    try:
        yield
    finally:
        _run("umount", str(at))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
