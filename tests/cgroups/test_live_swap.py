"""docker and podman themselves: a limit is raised, however it was set before, and what may be swapped stays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy, container_update, read_settings, swap_beside
from tests.helpers import docker, podman

pytestmark = pytest.mark.kernel

MIB = 1 << 20
STARTED_WITH = [(), ("--memory=64m",), ("--memory=64m", "--memory-swap=-1"), ("--memory=64m", "--memory-swap=64m")]


def raise_limit(tool: tuple[str, ...], name: str, pid: int, environment: dict[str, str]) -> None:
    hierarchy = Hierarchy.discover()
    setting, cgroup = ("memory.limit_in_bytes" if hierarchy.version == 1 else "memory.max"), hierarchy.of_pid(pid)
    swap = swap_beside(read_settings(hierarchy, cgroup), setting)
    _, *words = container_update(tool[0], name, 256 * MIB, swap)
    ended = subprocess.run([*tool, *words], capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr
    after = read_settings(hierarchy, cgroup)
    assert (after[setting], swap_beside(after, setting)) == (256 * MIB, swap)


@pytest.mark.skipif(bool(docker.why_not()), reason=docker.why_not())
def test_docker_takes_the_command() -> None:
    with docker.daemon() as daemon:
        for options in STARTED_WITH:
            with docker.container(daemon, "sleep", "1000", options=options) as container:
                raise_limit(("docker",), container.name, container.pid, daemon.environment)


@pytest.mark.skipif(bool(podman.why_not()), reason=podman.why_not())
@pytest.mark.parametrize("options", STARTED_WITH)
def test_podman_takes_the_command(options: tuple[str, ...], tmp_path: Path) -> None:
    with podman.container(tmp_path, "sleep", "1000", options=options) as container:
        raise_limit(podman.PODMAN, container.name, container.pid, dict(os.environ))
