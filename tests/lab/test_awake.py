"""Spinners that keep processors awake take nothing from anybody, and end with the lab."""

from __future__ import annotations

import os
from pathlib import Path

from diagnose.lab.awake import processors_awake


def spinners() -> list[int]:
    own = f"{os.getpid()}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if b"diagnose.lab.awake" in words and own in words:
            found.append(int(folder.name))
    return found


def test_each_processor_has_one_and_none_outlives_the_body() -> None:
    with processors_awake():
        running = spinners()
        assert len(running) == len(os.sched_getaffinity(0))
    assert spinners() == []
