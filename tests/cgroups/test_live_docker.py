"""A docker container, for real: by name, id, prefix and process; in the list; named by its file and by its command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy, KnownNames
from diagnose.cgroups.service import list_services, resolve
from diagnose.errors import UsageError
from tests.helpers import docker

pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(docker.why_not()), reason=docker.why_not())]


@pytest.fixture(scope="module")
def daemon() -> Iterator[docker.Daemon]:
    with docker.daemon() as running:
        yield running


@pytest.fixture
def web(daemon: docker.Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.Container]:
    monkeypatch.setenv("DOCKER_HOST", daemon.environment["DOCKER_HOST"])
    with docker.container(daemon, "sleep", "1000") as running:
        yield running


def test_every_way_to_name_it(web: docker.Container) -> None:
    hierarchy = Hierarchy.discover()
    cgroup = hierarchy.of_pid(web.pid)
    assert cgroup == f"/docker/{web.id}"
    for name in (web.name, web.id, web.id[:12], web.id[:6], f"pid:{web.pid}", cgroup):
        assert resolve(name, hierarchy).cgroup == cgroup


def test_the_list_has_it_by_name_with_its_memory(web: docker.Container) -> None:
    (row,) = list_services(Hierarchy.discover(), web.name)
    assert (row.name, row.manager, row.processes) == (web.name, "docker", 1)
    assert row.usage_bytes
    assert row.file_bytes is not None


def test_its_file_alone_says_its_name(
    web: docker.Container, daemon: docker.Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody-listens")
    known = KnownNames(tmp_path)
    known.learn([f"/docker/{web.id}"])
    assert known.name(f"/docker/{web.id}") != web.name
    (tmp_path / "var/lib").mkdir(parents=True)
    (tmp_path / "var/lib/docker").symlink_to(daemon.data)
    known = KnownNames(tmp_path)
    known.learn([f"/docker/{web.id}"])
    assert known.name(f"/docker/{web.id}") == web.name


def test_one_that_is_stopped_says_so(web: docker.Container, daemon: docker.Daemon) -> None:
    daemon.docker("kill", web.name)
    with pytest.raises(UsageError, match="is known but not running; start it first"):
        resolve(web.name, Hierarchy.discover())
