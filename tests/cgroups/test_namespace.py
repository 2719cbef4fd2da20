"""Paths as a cgroup namespace shows them: told from the mount, on the rules and from inside real namespaces."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import Hierarchy
from diagnose.cgroups.namespace import root_from_own, translated
from diagnose.errors import CannotMeasureError
from tests.helpers.cgroup_trees import Host
from tests.helpers.paths import CHECKOUT

POD_X = "/kubepods/burstable/podX"
PARTS = st.lists(st.sampled_from("abc"), max_size=4)


@pytest.mark.parametrize(
    ("path", "mount_root", "expected"),
    [
        ("/system.slice/a", "/", "/system.slice/a"),
        ("/", "/", "/"),
        ("/docker/ID/sub", "/docker/ID", "/sub"),
        ("/docker/other", "/docker/ID", None),
        ("/..", "/", None),
        ("/../../..", "/../../..", "/"),
        ("/../../../system.slice/a", "/../../..", "/system.slice/a"),
        ("/../../besteffort/podY", "/../../..", "/kubepods/besteffort/podY"),
        ("/../podY/ID", "/../../..", "/kubepods/burstable/podY/ID"),
        ("/", "/../../..", POD_X),
        ("/inner", "/../../..", f"{POD_X}/inner"),
        ("/../../../..", "/../../..", None),
        ("/../podY", "/../podZ", None),
    ],
)
def test_paths_from_the_mount(path, mount_root, expected):
    assert translated(path, mount_root, lambda depth: POD_X if depth == 3 else None) == expected


def test_what_nobody_can_tell_is_none():
    assert translated("/../podY", "/../..", lambda _: None) is None


def relative(path, root):
    """Write a path as the kernel does, from the root of a namespace (kernfs_path_from_node)."""
    common = next((i for i, (a, b) in enumerate(zip(path, root, strict=False)) if a != b), min(len(path), len(root)))
    return "/" + "/".join([".."] * (len(root) - common) + path[common:])


@given(PARTS, PARTS)
def test_whatever_the_kernel_writes_is_undone(path, root):
    told = translated(relative(path, root), relative([], root), lambda depth: "/" + "/".join(root))
    assert told == "/" + "/".join(path)


@pytest.mark.parametrize(
    ("own", "depth", "holders", "expected"),
    [
        ("/", 2, ["/a/b"], "/a/b"),
        ("/in/ner", 2, ["/a", "/a/b/in/ner"], "/a/b"),
        ("/in", 2, ["/a/b/out", "/a/b", "/x/y/in"], "/x/y"),
        ("/", 2, [], None),
        ("/..", 2, ["/a"], None),
    ],
)
def test_the_namespaces_root_is_where_this_process_is(own, depth, holders, expected):
    assert root_from_own(own, depth, holders) == expected


@pytest.fixture(params=["v1", "v2"])
def pod(request, tmp_path):
    """A pod's view: the host's hierarchy mounted, and a cgroup namespace two levels below its root."""
    host = Host(tmp_path, request.param)
    host.process(7, "nginx", "/kubepods/podY")
    host.process(42, "diagnose", "/kubepods/podX")
    kind, options = ("cgroup2", "rw") if request.param == "v2" else ("cgroup", "rw,memory")
    point = "/sys/fs/cgroup" + ("" if request.param == "v2" else "/memory")
    private = f"29 1 0:28 / {point} ro - {kind} cgroup {options}"
    host.write(
        "proc/42/mountinfo", f"{private}\n30 29 0:28 /../.. {point} rw,nosuid shared:9 - {kind} cgroup {options}\n"
    )
    (host.proc / "self/mounts").unlink()
    (host.proc / "self").rmdir()
    (host.proc / "self").symlink_to("42")
    lines = {7: "/../podY", 42: "/", 8: "/../../system.slice/a.service", 9: "/../../.."}
    for pid, path in lines.items():
        host.write(f"proc/{pid}/cgroup", f"4:memory:{path}\n0::{path}\n")
    host.cgroup("/system.slice/a.service")
    return host.hierarchy


def test_processes_of_the_host_are_found_from_inside_a_pod(pod):
    assert pod.mount_root == "/../.."
    assert pod.of_pid(8) == "/system.slice/a.service"
    assert pod.of_pid(42) == "/kubepods/podX"
    assert pod.of_pid(7) == "/kubepods/podY"
    with pytest.raises(CannotMeasureError, match=r"in no cgroup that is mounted"):
        pod.of_pid(9)


_INSIDE = """
import json, os, sys
directory, neighbour = sys.argv[1:3]
with open(directory + "/cgroup.procs", "w") as file:
    file.write(str(os.getpid()))
libc = __import__("ctypes").CDLL(None, use_errno=True)
assert libc.unshare(0x02000000) == 0, os.strerror(__import__("ctypes").get_errno())  # CLONE_NEWCGROUP
from diagnose.cgroups import Hierarchy
hierarchy = Hierarchy.discover()
print(json.dumps({
    "root": hierarchy.mount_root,
    "own": hierarchy.of_pid(os.getpid()),
    "parent": hierarchy.of_pid(os.getppid()),
    "neighbour": hierarchy.of_pid(int(neighbour)),
    "whole": hierarchy.partial() is None,
}))
"""


@pytest.mark.kernel
def test_a_real_cgroup_namespace():
    hierarchy = Hierarchy.discover()
    top = hierarchy.mount / f"diagnose-test-{os.getpid()}-namespace"
    inner, beside = top / "pod" / "container", top / "neighbour"
    neighbour = subprocess.Popen(["sleep", "600"])
    try:
        for directory in (top, top / "pod", inner, beside):
            directory.mkdir()
        (beside / "cgroup.procs").write_text(str(neighbour.pid))
        command = [sys.executable, "-c", _INSIDE, str(inner), str(neighbour.pid)]
        told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
        assert told.returncode == 0, told.stderr
        said = json.loads(told.stdout)
    finally:
        neighbour.kill()
        neighbour.wait()
        for directory in (inner, top / "pod", beside, top):
            if directory.exists():
                directory.rmdir()
    assert said == {
        "root": "/../../..",
        "own": f"/{top.name}/pod/container",
        "parent": hierarchy.of_pid(os.getpid()),
        "neighbour": f"/{top.name}/neighbour",
        "whole": True,
    }


def test_a_part_of_a_hierarchy_is_no_hierarchy(tmp_path):
    # the root of a folder of files has any inode number but 1, like the cgroup that a container has for its root
    assert "shows only this container's part" in str(Host(tmp_path, "v2").hierarchy.partial())
