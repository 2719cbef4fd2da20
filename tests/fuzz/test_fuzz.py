"""A short fuzz of everything that is read and was written by somebody else; `make fuzz` is the long one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fuzz.rounds import round_of
from tests.fuzz.targets import TARGETS
from tests.helpers.paths import CHECKOUT

EXAMPLES = {"capture-files": 25, "rule-files": 25, "report-files": 40, "btf-blobs": 60, "tracefs-formats": 60}


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_ends_in_a_result_or_in_one_error(name: str) -> None:
    round_of(TARGETS[name], EXAMPLES.get(name, 60), 0)


def test_the_guard_ends_a_hang() -> None:
    assert ended("guard.CPU_SECONDS = 0.05\nwith guard.guarded():\n while True: pass") == "HangError"


def test_the_guard_bounds_memory_and_takes_the_bound_away_again() -> None:
    assert ended("with guard.guarded(): bytearray(2 * guard.MEMORY_BYTES)") == "MemoryError"
    same = "before = resource.getrlimit(resource.RLIMIT_AS)\nwith guard.guarded(): pass\n"
    assert ended(f"{same}assert resource.getrlimit(resource.RLIMIT_AS) == before") == ""


def ended(code: str) -> str:
    """Return the name of the exception that ends the code, in a process of its own; "" if none does.

    libbcc does not survive in a process whose allocations have failed once: the live tests come after these.
    """
    program = f"import resource\nfrom tests.fuzz import guard\n{code}\n"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    return done.stderr.splitlines()[-1].partition(":")[0].rpartition(".")[2] if done.returncode else ""
