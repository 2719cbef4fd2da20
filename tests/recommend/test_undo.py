"""The way back by hand, for each way in which a cgroup is managed: what the manager itself would accept."""

from __future__ import annotations

import pytest
from small_capture import MIB, small_capture

from diagnose.models import CgroupRecord
from diagnose.recommend.advice import undo
from diagnose.windows import Windows

ID = "4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a"
DOCKER, PODMAN, POD = f"/docker/{ID}", f"/libpod_parent/libpod-{ID}", f"/kubepods/podx/{ID}"


@pytest.mark.parametrize(
    ("path", "manager", "setting", "back"),
    [
        (DOCKER, "docker", "memory.max", f"echo max > /sys/fs/cgroup{DOCKER}/memory.max   # docker update cannot"),
        (PODMAN, "podman", "memory.limit_in_bytes", f"echo -1 > /sys/fs/cgroup{PODMAN}/memory.limit_in_bytes   #"),
        (DOCKER, "docker", "memory.high", f"echo max > /sys/fs/cgroup{DOCKER}/memory.high"),
        (POD, "kubernetes", "memory.max", "# take memory out of resources.limits in the container's spec again"),
        ("/system.slice/a.service", "systemd", "memory.max", "systemctl set-property --runtime -- a.service Mem"),
        ("/batch", "files", "memory.low", "echo 0 > /sys/fs/cgroup/batch/memory.low"),
    ],
)  # fmt: skip
def test_where_there_was_no_limit_the_way_back_is_one_that_the_manager_accepts(
    path: str, manager: str, setting: str, back: str
) -> None:
    """`docker update --memory -1` and podman's are refused as an invalid size, and a spec has no value "max"."""
    record = CgroupRecord(id=5, path=path, managed_by=manager)  # type: ignore[arg-type]
    (line,) = undo(record, setting, Windows(small_capture()))
    assert line.startswith(back)


def test_a_limit_that_was_set_is_set_again() -> None:
    record = CgroupRecord(id=5, path=DOCKER, managed_by="docker", settings={"memory.max": 64 * MIB})
    assert undo(record, "memory.max", Windows(small_capture())) == [f"docker update --memory {64 * MIB} -- {ID}"]
