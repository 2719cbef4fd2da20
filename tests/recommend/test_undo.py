"""The way back by hand, for each way in which a cgroup is managed: what the manager itself would accept."""

from __future__ import annotations

from typing import Literal

import pytest

from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.naming import Manager
from diagnose.recommend.commands import Command, Note, commands, undo
from tests.helpers.small_capture import MIB, small_capture

ID = "4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a1c2e9b7d4f8a"
DOCKER, PODMAN, POD = f"/docker/{ID}", f"/libpod_parent/libpod-{ID}", f"/kubepods/podx/{ID}"
UNIT, V1 = "/system.slice/a.service", "memory.limit_in_bytes"


def by_file(value: str, file: str, note: Note | None = None) -> Command:
    return Command(f"echo {value} > /sys/fs/cgroup{file}", note)


@pytest.mark.parametrize(
    ("path", "manager", "setting", "back"),
    [
        (DOCKER, "docker", "memory.max", by_file("max", f"{DOCKER}/memory.max", "docker-sets-no-unlimited")),
        (PODMAN, "podman", V1, by_file("-1", f"{PODMAN}/{V1}", "podman-sets-no-unlimited")),
        (DOCKER, "docker", "memory.high", by_file("max", f"{DOCKER}/memory.high")),
        (POD, "kubernetes", "memory.max", Command("", "out-of-pod-spec")),
        (POD, "kubernetes", "memory.low", by_file("0", f"{POD}/memory.low", "until-kubelet")),
        (UNIT, "systemd", "memory.max", Command("systemctl set-property --runtime -- a.service MemoryMax=infinity")),
        (UNIT, "systemd", "memory.low", Command("systemctl set-property --runtime -- a.service MemoryLow=0")),
        ("/batch", "files", "memory.low", by_file("0", "/batch/memory.low")),
        ("/batch", "files", "memory.min", by_file("0", "/batch/memory.min")),
    ],
)  # fmt: skip
def test_where_there_was_no_limit_the_way_back_is_one_that_the_manager_accepts(
    path: str, manager: Manager, setting: str, back: Command
) -> None:
    """`docker update --memory -1` and podman's are refused as an invalid size, and a spec has no value "max"."""
    record = CgroupRecord(id=5, path=path, managed_by=manager)
    assert undo(record, setting, Windows(small_capture())) == (back,)


def test_a_limit_that_was_set_is_set_again() -> None:
    record = CgroupRecord(id=5, path=DOCKER, managed_by="docker", settings={"memory.max": 64 * MIB})
    assert undo(record, "memory.max", Windows(small_capture())) == (
        Command(f"docker update --memory {64 * MIB} -- {ID}"),
    )


@pytest.mark.parametrize(("manager", "path"), [("docker", DOCKER), ("podman", PODMAN)])
@pytest.mark.parametrize(
    ("settings", "setting", "there", "back"),
    [
        ({"memory.max": 64 * MIB, "memory.swap.max": 8 * MIB}, "memory.max", 108, 72),
        ({"memory.max": 64 * MIB, "memory.swap.max": 0}, "memory.max", 100, 64),
        (
            {"memory.limit_in_bytes": 64 * MIB, "memory.memsw.limit_in_bytes": 128 * MIB},
            "memory.limit_in_bytes",
            164,
            128,
        ),
    ],
)
def test_what_a_container_may_swap_stays_as_it_is_there_and_back(
    manager: Literal["docker", "podman"],
    path: str,
    settings: dict[str, int | None],
    setting: str,
    there: int,
    back: int,
) -> None:
    """docker refuses more than the memory-swap that it keeps, and podman makes it twice the memory."""
    record, windows = CgroupRecord(id=5, path=path, managed_by=manager, settings=settings), Windows(small_capture())
    with_swap = f"{manager} update --memory {{}} --memory-swap {{}} -- {ID}"
    assert commands(record, setting, 100 * MIB, windows) == (Command(with_swap.format(100 * MIB, there * MIB)),)
    assert undo(record, setting, windows) == (Command(with_swap.format(64 * MIB, back * MIB)),)


def test_a_container_without_limits_may_swap_without_limit_below_its_first_one() -> None:
    settings = {"memory.limit_in_bytes": None, "memory.memsw.limit_in_bytes": None}
    record = CgroupRecord(id=5, path=DOCKER, managed_by="docker", settings=settings)
    (found,) = commands(record, "memory.limit_in_bytes", 64 * MIB, Windows(small_capture()))
    assert found.line == f"docker update --memory {64 * MIB} --memory-swap -1 -- {ID}"


def test_a_limit_above_that_of_memory_and_swap_takes_it_along_there_and_back() -> None:
    """The kernel refuses memory.limit_in_bytes above memory.memsw.limit_in_bytes, in either order of writing."""
    settings: dict[str, int | None] = {"memory.limit_in_bytes": 64, "memory.memsw.limit_in_bytes": 72}
    record, windows = CgroupRecord(id=5, path="/batch", settings=settings), Windows(small_capture())
    memory, both = "/sys/fs/cgroup/batch/memory.limit_in_bytes", "/sys/fs/cgroup/batch/memory.memsw.limit_in_bytes"
    there, back = (
        commands(record, "memory.limit_in_bytes", 100, windows),
        undo(record, "memory.limit_in_bytes", windows),
    )
    assert [c.line for c in there] == [f"echo 108 > {both}", f"echo 100 > {memory}"]
    assert [c.line for c in back] == [f"echo 64 > {memory}", f"echo 72 > {both}"]
    assert [c.line for c in commands(record, "memory.limit_in_bytes", 70, windows)] == [f"echo 70 > {memory}"]
