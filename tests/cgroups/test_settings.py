"""The table of memory settings: complete, and who is asked to change one."""

from __future__ import annotations

import pytest

from diagnose.cgroups.naming import Manager, name_of
from diagnose.cgroups.settings import LIMIT_SETTINGS, SETTINGS, set_through
from diagnose.cgroups.writing import writable_settings

ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"


@pytest.mark.parametrize("version", [1, 2])
def test_what_may_be_written_is_in_the_table(version: int) -> None:
    assert set(writable_settings(version)) == {s.name for s in SETTINGS.values() if s.version == version}


def test_protections_are_no_limits_and_are_taken_away_with_nothing() -> None:
    assert LIMIT_SETTINGS == ("memory.max", "memory.high", "memory.limit_in_bytes")
    assert {SETTINGS[name].none for name in ("memory.low", "memory.min")} == {"0"}


UNIT, DOCKER, POD = "/system.slice/a.service", f"/docker/{ID}", f"/kubepods/pod1/{ID}"


@pytest.mark.parametrize(
    ("path", "setting", "asked"),
    [
        (UNIT, "memory.high", "systemd"),
        (UNIT, "memory.soft_limit_in_bytes", "files"),
        (DOCKER, "memory.max", "docker"),
        (DOCKER, "memory.high", "files"),
        (f"/libpod_parent/libpod-{ID}", "memory.limit_in_bytes", "podman"),
        (POD, "memory.max", "kubernetes"),
        (POD, "memory.low", "files"),
        ("/batch", "memory.max", "files"),
        (UNIT, "cpu.max", "files"),
    ],
)
def test_a_manager_is_asked_for_what_it_keeps_itself(path: str, setting: str, asked: Manager) -> None:
    assert set_through(path, name_of(path)[1], setting) == asked


@pytest.mark.parametrize("manager", ["systemd", "docker", "podman"])
def test_what_no_manager_could_be_named_for_is_written_into_its_file(manager: Manager) -> None:
    assert set_through("/dg/batch", manager, "memory.max") == "files"
