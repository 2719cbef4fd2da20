import subprocess
import sys
from pathlib import Path

import pytest

import diagnose
from diagnose.cgroups import read_settings
from tests.helpers.cgroup_trees import Host


def test_v1_settings_with_unlimited_as_none(tmp_path):
    host = Host(tmp_path, "v1")
    none = "9223372036854771712\n"
    host.cgroup("/a", memory__limit_in_bytes="104857600\n", memory__soft_limit_in_bytes=none)
    assert read_settings(host.hierarchy, "/a") == {
        "memory.limit_in_bytes": 104857600,
        "memory.soft_limit_in_bytes": None,
    }


def test_what_may_be_swapped_is_a_setting_where_the_kernel_limits_it(tmp_path):
    v1, v2 = Host(tmp_path / "v1", "v1"), Host(tmp_path / "v2", "v2")
    v1.cgroup("/a", memory__memsw__limit_in_bytes="209715200\n")
    v1.cgroup("/b", memory__memsw__limit_in_bytes="9223372036854771712\n")
    v2.cgroup("/a", memory__swap__max="4096\n")
    v2.cgroup("/b", memory__swap__max="max\n")
    assert [read_settings(v1.hierarchy, path) for path in ("/a", "/b")] == [
        {"memory.memsw.limit_in_bytes": 209715200},
        {"memory.memsw.limit_in_bytes": None},
    ]
    assert [read_settings(v2.hierarchy, path) for path in ("/a", "/b")] == [
        {"memory.swap.max": 4096},
        {"memory.swap.max": None},
    ]


@pytest.mark.parametrize("text", ["-1", "9223372036854710272", "9223372036854775807", "18446744073709551615"])
def test_v1_spellings_of_unlimited(tmp_path, text):
    host = Host(tmp_path, "v1")
    host.cgroup("/a", memory__limit_in_bytes=f"{text}\n")
    assert read_settings(host.hierarchy, "/a") == {"memory.limit_in_bytes": None}


def test_v2_settings_with_max_as_none(tmp_path):
    host = Host(tmp_path, "v2")
    host.cgroup("/a", memory__min="0\n", memory__low="max\n", memory__high="1048576\n", memory__max="max\n")
    assert read_settings(host.hierarchy, "/a") == {
        "memory.min": 0,
        "memory.low": None,
        "memory.high": 1048576,
        "memory.max": None,
    }


@pytest.mark.parametrize("kind", ["v1", "v2"])
def test_a_missing_or_garbled_file_is_absent_and_nothing_is_created(tmp_path, kind):
    host = Host(tmp_path, kind)
    host.cgroup("/a", memory__limit_in_bytes="?", memory__max="?")
    before = host.listing()
    assert read_settings(host.hierarchy, "/a") == {}
    assert read_settings(host.hierarchy, "/gone") == {}
    assert host.listing() == before


def test_settings_cannot_be_written_by_accident(tmp_path):
    from cgroupspy.nodes import Node

    from diagnose.cgroups.controllers import MemoryV1, MemoryV2

    node = Node(str(tmp_path))
    with pytest.raises(RuntimeError, match="readonly"):
        MemoryV1(node).limit_in_bytes = 1
    with pytest.raises(RuntimeError, match="readonly"):
        MemoryV2(node).max = 1


def test_cgroupspy_is_imported_in_one_place_and_never_its_tree():
    package = Path(diagnose.__file__).parent
    importers = {file for file in package.rglob("*.py") if "cgroupspy" in _imports(file)}
    assert {file.relative_to(package).parts[0] for file in importers} == {"cgroups"}
    probe = "import sys, diagnose.cgroups.service, diagnose.cgroups; sys.exit('cgroupspy.trees' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def _imports(file: Path) -> str:
    return "\n".join(line for line in file.read_text().splitlines() if line.lstrip().startswith(("import ", "from ")))
