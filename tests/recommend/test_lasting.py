"""How long a change by hand stays, for each way in which a cgroup is managed."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.recommend.commands import Lasts, commands, lasts
from tests.helpers.small_capture import small_capture

ID = "4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a"


@pytest.mark.parametrize(
    ("record", "command", "until"),
    [
        ({"path": "/system.slice/web.service", "managed_by": "systemd"}, "systemctl", "systemd-runtime"),
        ({"path": f"/docker/{ID}", "managed_by": "docker"}, "docker update", "container"),
        ({"path": "/kubepods/pod1/c", "managed_by": "kubernetes"}, "resources:", "pod-spec"),
        ({"path": "/batch"}, "echo", "file"),
    ],
)
def test_how_long_a_change_lasts_is_decided_like_the_command_that_makes_it(
    record: dict[str, Any], command: str, until: Lasts
) -> None:
    cgroup, windows = CgroupRecord(id=5, **record), Windows(small_capture())
    assert commands(cgroup, "memory.max", 1 << 20, windows)[0].line.startswith(command)
    assert lasts(cgroup, "memory.max") == until


def test_what_kubelet_overwrites_does_not_last() -> None:
    cgroup = CgroupRecord(id=5, path="/kubepods/pod1/c", managed_by="kubernetes")
    assert lasts(cgroup, "memory.high") == "kubelet"
