"""A podman container, for real: by name, id, prefix and process; in the list; its name in a capture once it is gone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy, KnownNames
from diagnose.cgroups.service import Service, list_services, resolve
from diagnose.errors import UsageError
from diagnose.measure.battery import Battery
from diagnose.measure.schedule import Plan
from tests.helpers import podman
from tests.helpers.live import Bench, bench

pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(podman.why_not()), reason=podman.why_not())]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[podman.Container]:
    with podman.container(tmp_path, "sleep", "1000") as running:
        yield running


def test_every_way_to_name_it(web: podman.Container) -> None:
    hierarchy = Hierarchy.discover()
    cgroup = hierarchy.of_pid(web.pid)
    assert cgroup.endswith(f"/libpod-{web.id}")
    for name in (web.name, web.id, web.id[:12], web.id[:6], f"pid:{web.pid}", cgroup):
        assert resolve(name, hierarchy).cgroup == cgroup


def test_podman_alone_says_its_name_too(web: podman.Container, tmp_path: Path) -> None:
    # a root without any file of a runtime: what is known then comes from `podman ps`
    known = KnownNames(tmp_path / "empty")
    known.learn([f"/libpod_parent/libpod-{web.id}"])
    assert known.name(f"/libpod_parent/libpod-{web.id}") == web.name


def test_the_list_has_it_by_name_with_its_memory(web: podman.Container) -> None:
    (row,) = list_services(Hierarchy.discover(), web.name)
    assert (row.name, row.manager, row.processes) == (web.name, "podman", 1)
    assert row.usage_bytes is not None
    assert row.file_bytes is not None
    command = [sys.executable, "-m", "diagnose.cli", "services", web.name]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[1].startswith(f"{web.name}  {row.cgroup}  ")


def test_one_that_is_stopped_says_so(web: podman.Container) -> None:
    subprocess.run([*podman.PODMAN, "kill", web.name], check=True, capture_output=True)
    subprocess.run([*podman.PODMAN, "wait", web.name], check=True, capture_output=True)
    with pytest.raises(UsageError, match="is known but not running; start it first"):
        resolve(web.name, Hierarchy.discover())


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench() as made:
        yield made


def test_a_container_that_ends_during_the_capture_keeps_its_name(here: Bench, tmp_path: Path) -> None:
    service = here.make("/svc")
    folder, started = tmp_path / "image", list[subprocess.Popen[bytes]]()
    script = "dd if=/dev/zero of=/tmp/data bs=1M count=8; sleep 2"
    with podman.container(folder, "sleep", "1000") as lasting:
        name = f"{lasting.name}-short"
        image = ("--rootfs", str(folder / lasting.name), "/bin/busybox", "sh", "-c", script)
        command = [*podman.PODMAN, "run", "--rm", f"--name={name}", *podman.LIMITS, *image]

        def wait(seconds: float) -> bool:
            if not started:
                started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(seconds)
            return False

        battery = Battery(Service(service, service, here.id_of(service), ()), here.hierarchy, Plan(12, 0.5))
        try:
            capture = battery.run(wait, lambda _: None)
        finally:
            battery.close()
        assert started[0].wait() == 0
    records = [record for record in capture.cgroups if record.name == name]
    assert records, [(record.path, record.name) for record in capture.cgroups]
    assert all(record.managed_by == "podman" for record in records)
    assert not any(Hierarchy.discover().exists(record.path) for record in records)
