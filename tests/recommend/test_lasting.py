"""How long a change by hand stays, for each way in which a cgroup is managed."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.recommend.advice import commands, lasting
from tests.helpers.small_capture import small_capture

ID = "4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a"


@pytest.mark.parametrize(
    ("record", "command", "said"),
    [
        ({"path": "/system.slice/web.service", "managed_by": "systemd"}, "systemctl", "until the next boot"),
        ({"path": f"/docker/{ID}", "managed_by": "docker"}, "docker update", "while the container exists"),
        ({"path": "/kubepods/pod1/c", "managed_by": "kubernetes"}, "resources:", "in the pod's spec"),
        ({"path": "/batch"}, "echo", "gone once the cgroup is made anew"),
    ],
)
def test_how_long_a_change_lasts_is_said_for_the_command_that_is_shown(
    record: dict[str, Any], command: str, said: str
) -> None:
    cgroup, windows = CgroupRecord(id=5, **record), Windows(small_capture())
    assert commands(cgroup, "memory.max", 1 << 20, windows)[0].startswith(command)
    assert said in lasting(cgroup, "memory.max", windows)


def test_what_a_kubelet_writes_anew_is_said_to_be_temporary() -> None:
    cgroup = CgroupRecord(id=5, path="/kubepods/pod1/c", managed_by="kubernetes")
    assert "until the kubelet" in lasting(cgroup, "memory.high", Windows(small_capture()))
