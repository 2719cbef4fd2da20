import os
from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from diagnose.cgroups.hierarchy import Process
from diagnose.errors import CannotMeasureError, UsageError
from tests.helpers.cgroup_trees import Host


@pytest.fixture(params=["v1", "hybrid", "v2"])
def host(request, tmp_path):
    return Host(tmp_path, request.param)


def test_discovery_finds_the_hierarchy_with_the_memory_controller(host):
    found = host.hierarchy
    assert (found.version, found.mount, found.proc) == (2 if host.kind == "v2" else 1, host.memory, host.proc)


def test_discovery_falls_back_to_proc_mounts_and_undoes_escapes(tmp_path):
    (tmp_path / "my cgroups").mkdir()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text("cgroup /my\\040cgroups cgroup rw,memory 0 0\n")
    assert Hierarchy.discover(tmp_path).mount == tmp_path / "my cgroups"


def test_discovery_says_what_to_mount_or_enable(tmp_path):
    with pytest.raises(CannotMeasureError, match="mount -t proc"):
        Hierarchy.discover(tmp_path)
    host = Host(tmp_path, "v2")
    host.write("sys/fs/cgroup/cgroup.controllers", "cpu io\n")
    with pytest.raises(CannotMeasureError, match="cgroup_disable=memory"):
        Hierarchy.discover(tmp_path)
    host.write("proc/self/mounts", "proc /proc proc rw 0 0\n")
    with pytest.raises(CannotMeasureError, match="mount -t cgroup2"):
        Hierarchy.discover(tmp_path)


def test_walk_yields_ids_and_paths_parents_first(host):
    for path in ("/b", "/a/y", "/a/x"):
        host.cgroup(path, memory__stat="")
    walked = list(host.hierarchy.walk())
    listed = [path for _, path in walked if not path.startswith(("/systemd", "/memory"))]
    assert listed == ["/", "/a", "/a/x", "/a/y", "/b"]
    assert all(found == host.hierarchy.id_of(path) for found, path in walked)
    assert [path for _, path in host.hierarchy.walk("/a")] == ["/a", "/a/x", "/a/y"]
    assert list(host.hierarchy.walk("/gone")) == []


def test_walk_passes_over_cgroups_that_vanish(host):
    for path in ("/a/x", "/b"):
        host.cgroup(path)
    walking = host.hierarchy.walk()
    assert next(walking)[1] == "/"
    (host.memory / "a/x").rmdir()
    (host.memory / "a").rmdir()
    assert [path for _, path in walking] == ["/b"]


def test_hostile_names_become_printable_and_are_found_back(host):
    for raw in (b"esc\x1b[31m", b"bad\xff", rb"plain\x2d"):
        os.mkdir(os.path.join(os.fsencode(host.memory), raw))  # noqa: PTH102, PTH118
    hierarchy = host.hierarchy
    walked = {path: found for found, path in hierarchy.walk()}
    assert set(walked) == {"/", r"/esc\x1b[31m", r"/bad\xff", r"/plain\x2d"}
    assert all(hierarchy.id_of(path) == found for path, found in walked.items())


def test_directories_stay_inside_the_mount(host, tmp_path):
    host.cgroup("/dg/svc", memory__stat="")
    (tmp_path / "elsewhere").mkdir()
    (host.memory / "link").symlink_to(tmp_path / "elsewhere")
    hierarchy = host.hierarchy
    assert hierarchy.directory("dg//svc/") == host.memory / "dg/svc"
    assert hierarchy.directory("/dg/none/yet") == host.memory / "dg/none/yet"
    for bad, why in [
        ("/link", "a symbolic link"),
        ("/link/x", "a symbolic link"),
        ("/dg/svc/memory.stat", "a file"),
        ("/../..", r"'\.\.'"),
        ("/a\0b", "NUL"),
        ("/" + "n" * 300, "name too long|No such"),
        ("/\ud800", "no file can be named so"),
    ]:
        with pytest.raises(UsageError, match=f"(?i){why}"):
            hierarchy.directory(bad)
        assert not hierarchy.exists(bad)
    assert list(hierarchy.walk("/dg"))  # a link is never followed
    assert "/link" not in [path for _, path in hierarchy.walk()]


def test_id_of_a_missing_cgroup_is_an_error(host):
    with pytest.raises(UsageError, match=r"'/gone'.*diagnose services"):
        host.hierarchy.id_of("/gone")


def test_processes_of_the_subtree_by_pid_without_those_that_ended(host):
    host.process(12, "worker", "/dg/svc/pool")
    host.process(7, "ng\x1binx", "/dg/svc")
    (host.memory / "dg/svc/cgroup.procs").write_text("7\n0\n7\n99\n")
    hierarchy = host.hierarchy
    assert hierarchy.processes("/dg/svc") == [Process(pid=7, comm=r"ng\x1binx"), Process(pid=12, comm="worker")]
    assert hierarchy.processes("/dg/svc", subtree=False) == [Process(pid=7, comm=r"ng\x1binx")]
    assert hierarchy.processes("/gone") == []


def test_of_pid_takes_the_memory_line(host):
    host.process(7, "nginx", "/dg/svc", cpu="/other", systemd="/system.slice/x.service")
    assert host.hierarchy.of_pid(7) == "/dg/svc"


def test_of_pid_says_why_not(host):
    hierarchy = host.hierarchy
    with pytest.raises(UsageError, match="no process 8"):
        hierarchy.of_pid(8)
    host.write("proc/9/cgroup", "1:name=systemd:/\n")
    with pytest.raises(CannotMeasureError, match="names no memory cgroup"):
        hierarchy.of_pid(9)
    host.write("proc/10/cgroup", "4:memory:/../x\n0::/../x\n")
    with pytest.raises(CannotMeasureError, match="in no cgroup that is mounted at"):
        hierarchy.of_pid(10)


def test_unreadable_processes_are_an_error_and_not_none(host, monkeypatch):
    host.cgroup("/dg")

    def refuse(_self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    hierarchy = Hierarchy(1, host.memory, host.proc)
    with pytest.raises(CannotMeasureError, match=r"cgroup.procs: Permission denied"):
        hierarchy.pids("/dg")
    with pytest.raises(CannotMeasureError, match="run diagnose as root"):
        hierarchy.of_pid(7)
