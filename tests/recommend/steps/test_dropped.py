"""The process that dropped the cache is looked for by what it did."""

from __future__ import annotations

from typing import Literal

import pytest

from diagnose.capture.tables import Dropper
from diagnose.recommend.steps.dropped import FindDropper, TraceDropper
from tests.helpers.step_scene import BATCH, captured, steps_for


@pytest.mark.parametrize(
    ("cause", "traced", "logged"), [("drop-caches", "drop_caches", 1), ("invalidate", "fadvise64", 0)]
)
def test_the_process_is_looked_for_now_and_traced_later(
    cause: Literal["drop-caches", "invalidate"], traced: str, logged: int
) -> None:
    dropped = Dropper(cgroup=BATCH, cause=cause, comm="sh", pages=9)
    now, later = steps_for("find-dropper", captured(droppers=[dropped]))
    assert isinstance(now, FindDropper)
    assert isinstance(later, TraceDropper)
    assert "find /sys/fs/cgroup/dg/batch -name cgroup.procs" in now.commands[0]
    assert sum(command.startswith("dmesg ") for command in now.commands) == logged
    assert len(later.commands) == 1
    assert traced in later.commands[0]
