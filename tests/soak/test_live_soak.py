"""The quickest rounds of the soak, on the running kernel: nothing wrong, nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak import left
from tests.soak.__main__ import TROUBLES
from tests.soak.scene import scene

pytestmark = pytest.mark.kernel

SECONDS = 1.5


@pytest.mark.parametrize("trouble", ["cgroups", "changing-files"])
def test_a_round_leaves_nothing_and_its_figures_agree(trouble: str) -> None:
    """memory.stat lags by up to 64 pages a CPU and cgroup, for up to 2 s: what is wrong three times is wrong."""
    wrong: list[list[str]] = []
    while len(wrong) < 3:
        if not (found := _wrong_figures(trouble)):
            return
        wrong.append(found)
    pytest.fail(f"wrong in each of three rounds: {wrong}")


def _wrong_figures(trouble: str) -> list[str]:
    with scene() as here:
        TROUBLES[trouble](here, SECONDS)
    assert here.faults == []
    assert len(here.checks) >= 6
    return [str(check) for check in here.checks if not check.holds]


HOLDER = """
import sys, time
from diagnose.measure.bpf.compiler import Compiling
programs = Compiling("BPF_ARRAY(one, u64, 1);\\nint nothing(void *ctx) { return 0; }", []).result()
print("there", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ours", [True, False])
def test_what_somebody_else_holds_is_not_left_by_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    monkeypatch.setattr(left, "PATIENCE_SECONDS", 0.5)
    before = left.Before(tmp_path)
    mark = {left.MARK: before.mark} if ours else {}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **mark},
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "there\n"
        found = before.left(tmp_path)
    finally:
        holder.communicate()
    assert any(line.startswith("BPF map ") for line in found) is ours
    assert (f"process {holder.pid}" in found) is ours
