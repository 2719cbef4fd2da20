"""Against the running kernel: real cgroups in the real hierarchies, made here and removed in every case."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy, read_memory, read_settings
from diagnose.cgroups.mounts import UNIFIED, read_mounts
from diagnose.cgroups.service import list_services, resolve
from diagnose.errors import CannotMeasureError, UsageError
from tests.helpers.cgroup_trees import KEYS

pytestmark = pytest.mark.kernel

MIB = 1 << 20
STAY = "import time; print('there', flush=True); time.sleep(60)"
READ_TWICE = """
import sys
for _ in range(2):
    with open(sys.argv[1], 'rb', buffering=0) as file:
        while file.read(1 << 20):
            pass
print('there', flush=True)
"""


class Sandbox:
    """A cgroup of our own in one hierarchy, and the processes started in it."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.hierarchy = hierarchy
        self.path = f"/diagnose-test-{os.getpid()}-{time.monotonic_ns()}"
        self.children: list[subprocess.Popen[str]] = []
        self.make()

    def make(self, below: str = "") -> str:
        (self.hierarchy.mount / f"{self.path}{below}".lstrip("/")).mkdir(parents=True)
        return f"{self.path}{below}"

    def run(self, cgroup: str, code: str, *arguments: str) -> int:
        """Start Python code in `cgroup`, wait until it says that it is there, return its pid."""
        enter = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'
        command = ["sh", "-c", enter, "sh", str(self.hierarchy.directory(cgroup)), sys.executable, "-c", code]
        child = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        self.children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        return child.pid

    def remove(self) -> None:
        for child in self.children:
            child.kill()
            child.wait()
        for _, path in reversed(list(self.hierarchy.walk(self.path))):
            for _ in range(50):  # a cgroup stays busy until its last process is reaped
                with suppress(OSError):
                    self.hierarchy.directory(path).rmdir()
                    break
                time.sleep(0.02)


def sandbox_in(hierarchy: Hierarchy) -> Sandbox:
    if os.geteuid() != 0:
        pytest.skip("making cgroups needs root")
    try:
        return Sandbox(hierarchy)
    except OSError as error:
        pytest.skip(f"{hierarchy.mount}: {error.strerror}")


@pytest.fixture
def sandbox():
    try:
        box = sandbox_in(Hierarchy.discover())
    except CannotMeasureError as error:
        pytest.skip(str(error))
    yield box
    box.remove()


@pytest.fixture
def unified_sandbox():
    points = [mount.point for mount in read_mounts(Path("/proc")) if mount.carries(UNIFIED)]
    if not points:
        pytest.skip("no cgroup2 mount here")
    box = sandbox_in(Hierarchy(2, Path(points[0]), Path("/proc")))
    yield box
    box.remove()


@pytest.mark.guest
def test_a_service_is_found_in_every_way(sandbox):
    inner = sandbox.make("/pool")
    pid = sandbox.run(inner, STAY)
    found = resolve(sandbox.path, sandbox.hierarchy)
    assert found.cgroup_id == (sandbox.hierarchy.mount / sandbox.path[1:]).stat().st_ino
    assert [process.pid for process in found.processes] == [pid]
    assert found.processes[0].comm == Path(f"/proc/{pid}/comm").read_text().strip()
    assert resolve(f"pid:{pid}", sandbox.hierarchy).cgroup == inner
    for name in (sandbox.path[1:], str(sandbox.hierarchy.directory(sandbox.path))):
        assert resolve(name, sandbox.hierarchy).cgroup == sandbox.path
    (row,) = [row for row in list_services(sandbox.hierarchy, sandbox.path) if row.cgroup == sandbox.path]
    assert row.processes == 1
    assert row.usage_bytes


@pytest.mark.guest
def test_asking_about_a_cgroup_that_is_not_there_creates_nothing(sandbox):
    name = f"{sandbox.path}/not-there"
    with pytest.raises(UsageError, match=f"nearest: {sandbox.path}"):
        resolve(name, sandbox.hierarchy)
    assert read_settings(sandbox.hierarchy, name) == {}
    assert read_memory(sandbox.hierarchy, name) == dict.fromkeys(KEYS)
    assert [path for _, path in sandbox.hierarchy.walk(sandbox.path)] == [sandbox.path]


def drop(file: Path) -> None:
    """Write a file out and drop its pages, or they stay charged to whoever wrote them; one that is in use stays."""
    with file.open() as opened:
        os.fsync(opened.fileno())
        for _ in range(50):
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            command = ["fincore", "--noheadings", "--raw", "--output", "PAGES", str(file)]
            if int(subprocess.run(command, capture_output=True, check=True).stdout or 0) == 0:
                return
            time.sleep(0.1)


def on_disk(folder: Path) -> bool:
    """Tell whether files here have a page cache that can be evicted; tmpfs and 9p have none."""
    holders = [m for m in read_mounts(Path("/proc")) if folder.is_relative_to(m.point)]
    return max(holders, key=lambda m: len(m.point)).kind not in ("tmpfs", "ramfs", "9p", "overlay")


@pytest.mark.guest
def test_a_reading_agrees_with_what_was_done(sandbox, tmp_path):
    if not on_disk(tmp_path):
        pytest.skip(f"{tmp_path} is not on a disk; give --basetemp one that is")
    with suppress(OSError):  # v2 has memory files where the parent says so; whether they came is checked below
        (sandbox.hierarchy.directory(sandbox.path) / "cgroup.subtree_control").write_text("+memory")
    cgroup = sandbox.make("/reader")
    v1 = sandbox.hierarchy.version == 1
    limit = sandbox.hierarchy.directory(cgroup) / ("memory.limit_in_bytes" if v1 else "memory.max")
    if not limit.exists():
        pytest.skip(f"{limit} is not there: the memory controller is not enabled for {sandbox.path}")
    assert read_settings(sandbox.hierarchy, cgroup)[limit.name] is None
    limit.write_text(str(32 * MIB))
    assert read_settings(sandbox.hierarchy, cgroup)[limit.name] == 32 * MIB
    file = tmp_path / "data"
    file.write_bytes(os.urandom(MIB) * 48)
    drop(file)
    sandbox.run(cgroup, READ_TWICE, str(file))
    sample = read_memory(sandbox.hierarchy, sandbox.path)  # of the subtree: the parent has no page of its own
    assert set(sample) == KEYS
    assert 8 * MIB < (sample["file_bytes"] or 0) <= (sample["usage_bytes"] or 0) <= 32 * MIB
    assert (sample["refault_file_pages"] or 0) > 1000
    assert (sample["active_file_bytes"] or 0) + (sample["inactive_file_bytes"] or 0) > 8 * MIB
    own = read_memory(sandbox.hierarchy, cgroup)
    assert (own["limit_hits"] or 0) > 0
    assert own["oom_kills"] == 0


def test_v1_cpu_and_pressure_of_the_whole_host_are_not_the_services(sandbox):
    if sandbox.hierarchy.version == 2:
        pytest.skip("on v2 a cgroup has every controller")
    pid = sandbox.run(sandbox.path, STAY)
    elsewhere = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    if not any(line[line.index(":") :] == ":cpuacct:/" for line in elsewhere):
        pytest.skip("here the processes of a memory cgroup have a cpuacct cgroup of their own")
    assert read_memory(sandbox.hierarchy, sandbox.path)["cpu_usage_us"] is None
    assert (read_memory(sandbox.hierarchy, "/")["cpu_usage_us"] or 0) > 0


@pytest.mark.guest
def test_ids_and_hostile_names_in_the_real_hierarchy(sandbox):
    raw = os.fsencode(sandbox.hierarchy.directory(sandbox.path)) + b"/esc\x1b\xff"
    os.mkdir(raw)  # noqa: PTH102
    path = sandbox.path + r"/esc\x1b\xff"
    assert (os.stat(raw).st_ino, path) in list(sandbox.hierarchy.walk(sandbox.path))  # noqa: PTH116
    assert sandbox.hierarchy.id_of(path) == os.stat(raw).st_ino  # noqa: PTH116
    os.rmdir(raw)  # noqa: PTH106
    with pytest.raises(UsageError, match="diagnose services"):
        sandbox.hierarchy.id_of(path)


@pytest.mark.guest
def test_v2_cgroups_give_pressure_and_cpu(unified_sandbox):
    inner = unified_sandbox.make("/inner")
    pid = unified_sandbox.run(inner, STAY)
    assert unified_sandbox.hierarchy.of_pid(pid) == inner
    assert [process.pid for process in unified_sandbox.hierarchy.processes(unified_sandbox.path)] == [pid]
    sample = read_memory(unified_sandbox.hierarchy, inner)
    assert (sample["cpu_usage_us"] or 0) > 0
    if (unified_sandbox.hierarchy.directory(inner) / "memory.pressure").exists():
        assert sample["psi_memory_some_us"] is not None
