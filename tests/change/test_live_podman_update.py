"""`podman update`, for real: a container's limit is changed through podman, which keeps it, and is brought back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from diagnose.change.record import load_record
from tests.helpers import podman
from tests.helpers.change_box import forget_records
from tests.helpers.change_scene import MIB, limit, report_for, written

pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(podman.why_not()), reason=podman.why_not())]

BEFORE, AFTER = 200 * MIB, 100 * MIB


@pytest.fixture
def service() -> Iterator[str]:
    """A cgroup of our own, for the service that the report is about."""
    directory = Hierarchy.discover().mount / f"diagnose-test-{os.getpid()}-{time.monotonic_ns()}"
    directory.mkdir()
    yield f"/{directory.name}"
    directory.rmdir()


def diagnose(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "diagnose.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_apply_and_roll_back_through_podman(service: str, tmp_path: Path) -> None:
    hierarchy = Hierarchy.discover()
    setting = "memory.limit_in_bytes" if hierarchy.version == 1 else "memory.max"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with podman.container(tmp_path / "image", "sleep", "1000", options=(f"--memory={BEFORE}",)) as container:
        cgroup = hierarchy.of_pid(container.pid)
        file = hierarchy.directory(cgroup) / setting
        assert int(file.read_text()) == BEFORE
        wanted = limit(cgroup, setting, BEFORE, AFTER)
        report = written(report_for(hierarchy, boot, socket.gethostname(), wanted, service=service), tmp_path)

        applied = diagnose("apply", report, "--yes")
        assert applied.returncode == 0, applied.stderr
        both = f"--memory {AFTER} --memory-swap {AFTER + BEFORE}"  # podman itself allows twice the memory
        assert f"how: podman update {both} -- {container.id}" in applied.stdout
        assert int(file.read_text()) == AFTER
        (record,) = tmp_path.glob("change-*.json")
        assert [change.manager for change in load_record(record).changes] == ["podman"]

        back = diagnose("rollback", record)
        forget_records(tmp_path)
        assert back.returncode == 0, back.stderr
        assert int(file.read_text()) == BEFORE
