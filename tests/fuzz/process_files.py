"""Tables that the kernel keeps of a process, with names in them that anybody may choose: mounts, mappings, cgroups."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import numpy as np

from diagnose.capture.tables import ReadFile
from diagnose.cgroups import Hierarchy, settable_mounts
from diagnose.cgroups.v1_hierarchies import companions
from diagnose.errors import DiagnoseError
from diagnose.lab.folder import file_system_type
from diagnose.measure.bpf.compiler import LIBRARIES, code
from diagnose.measure.build import _hierarchy_id
from diagnose.measure.probes.reads import _mount_points, _path
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import spoilt_bytes
from tests.helpers.cgroup_trees import Host

MOUNTINFO = (
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "25 22 0:21 / /proc rw,nosuid - proc proc rw\n"
    "30 22 254:16 /data /srv/my\\040disk rw - xfs /dev/vdb rw,attr2\n"
)
CGROUPS = {
    "v2": "31 22 0:26 {} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
    "v1": "31 22 0:26 {} /sys/fs/cgroup/memory rw shared:4 - cgroup cgroup rw,memory\n"
    "32 22 0:27 {} /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n",
}
ROOTS = ("/", "/", "/../..", "/docker/x", "/..")
OWN = {"v2": "0::/{}\n", "v1": "4:memory:/{}\n2:cpu,cpuacct:/{}\n0::/\n"}
MAPS = "".join(
    f"7f{n}000000000-7f{n}000005000 r-xp 00003000 fd:00 7 /usr/lib/x86_64-linux-gnu/{library}-14.so.1\n"
    for n, library in enumerate(LIBRARIES)
)


def process_files(random: Random) -> None:
    """Which hierarchies, devices and libraries a process sees, and which cgroup it is in."""
    code_of = list(code(spoilt_bytes(random, MAPS.encode()).decode(errors="replace")))
    assert all(start >= 0 and size > 0 for start, size in code_of), code_of
    with tempfile.TemporaryDirectory() as name:
        host = Host(Path(name), random.choice(("v1", "v2")))
        host.process(7, "svc", "/dg/svc")
        (host.proc / "self").rename(host.proc / "9")
        (host.proc / "self").symlink_to("9")
        table = MOUNTINFO + CGROUPS[host.kind].replace("{}", random.choice(ROOTS))
        for pid in (7, 9):
            host.write(f"proc/{pid}/mountinfo", "").write_bytes(spoilt_bytes(random, table.encode()))
            inside = random.choice(("dg/svc", "", "../dg/svc", "../../x"))
            own = OWN[host.kind].replace("{}", inside)
            host.write(f"proc/{pid}/cgroup", "").write_bytes(spoilt_bytes(random, own.encode()))
        _read(random, host)


def _read(random: Random, host: Host) -> None:
    mounts = _mount_points([7], host.proc)
    file = {"depth": random.randrange(9), "names": np.array([b"x" * 47, b"data", b"\xff\x80"] * 3, "S48")}
    for mount in (None, *mounts.values()):
        ReadFile(device="254:1", inode=2, path=_path(file, mount), slow_reads=1, missed_reads=1, total_ns=1)
    file_system_type(host.root / "srv", (host.proc / "9/mountinfo").read_bytes().decode(errors="surrogateescape"))
    try:
        hierarchy = Hierarchy.discover(host.root)
        _hierarchy_id(hierarchy)
        settable_mounts(hierarchy)
        for cgroup in ("/", "/dg/svc"):
            companions(hierarchy, cgroup)
        assert hierarchy.of_pid(random.choice((7, 9))).isprintable()
    except DiagnoseError as error:
        in_lines(error)
