import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import Hierarchy
from diagnose.cgroups.mounts import UNIFIED, Mount, parse_mounts, parse_proc_cgroup, unescape
from diagnose.errors import CannotMeasureError

_ESCAPED = str.maketrans({" ": r"\040", "\t": r"\011", "\n": r"\012", "\\": r"\134", "#": r"\043"})


def test_mount_points_lose_their_octal_escapes():
    (mount,) = parse_mounts("cgroup /mnt/my\\040cgroups\\134x cgroup rw,memory 0 0\n")
    assert mount == Mount("/mnt/my cgroups\\x", "cgroup", frozenset({"rw", "memory"}))
    assert mount.carries("memory")
    assert not mount.carries("cpu")
    assert not mount.carries(UNIFIED)


@given(st.text())
def test_escaping_as_the_kernel_does_is_undone(text):
    assert unescape(text.translate(_ESCAPED)) == text


@given(st.text())
def test_any_text_parses_as_mounts(text):
    assert all(isinstance(mount.point, str) for mount in parse_mounts(text))


def test_processes_have_a_path_in_each_hierarchy():
    text = "4:memory:/dg/svc\n3:cpu,cpuacct:/x:y\n1:name=systemd:/\n0::/unified\n"
    assert parse_proc_cgroup(text) == {
        "memory": "/dg/svc",
        "cpu": "/x:y",
        "cpuacct": "/x:y",
        "name=systemd": "/",
        UNIFIED: "/unified",
    }


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_parses_as_proc_cgroup(text):
    assert all(path.startswith("/") and path.isprintable() for path in parse_proc_cgroup(text).values())


@given(st.text(st.characters(exclude_characters="\n", categories=("L", "N", "P")), min_size=1))
def test_a_path_comes_back_whole(name):
    assert parse_proc_cgroup(f"0::/{name}\n") == {UNIFIED: f"/{name}"}


def test_a_mount_point_that_no_path_can_be_is_none(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    table = tmp_path / "proc/self/mounts"
    for point in ("/\\000", "/" + "x" * 5000):
        table.write_text(f"cgroup {point} cgroup rw,memory 0 0\ncgroup2 {point} cgroup2 rw 0 0\n")
        with pytest.raises(CannotMeasureError, match="no cgroup hierarchy with the memory controller is mounted"):
            Hierarchy.discover(tmp_path)
