"""Hosts made of files: a cgroup tree and a /proc below a folder, laid out as v1 legacy, v1 hybrid or v2 are."""

from __future__ import annotations

from pathlib import Path

from diagnose.cgroups import Hierarchy

ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
POD = "0b1c2d3e-1111-2222-3333-444455556666"
KEYS = {
    *("usage_bytes", "peak_bytes", "file_bytes", "anon_bytes", "kernel_bytes", "unevictable_bytes", "shmem_bytes"),
    *("mapped_file_bytes", "dirty_bytes", "writeback_bytes", "active_file_bytes", "inactive_file_bytes"),
    *("refault_file_pages", "refault_anon_pages", "swap_bytes", "major_faults", "limit_hits", "high_hits", "oom_kills"),
    "reclaimed_pages",
    *("psi_memory_some_us", "psi_memory_full_us", "psi_io_some_us", "psi_io_full_us", "psi_cpu_some_us"),
    *("cpu_usage_us", "cpu_throttled_us", "cpu_periods", "cpu_throttled_periods"),
}

_MOUNTS = {
    "v2": ("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0",),
    "v1": (
        "tmpfs /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,mode=755 0 0",
        "cgroup /sys/fs/cgroup/systemd cgroup rw,nosuid,xattr,name=systemd 0 0",
        "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,nodev,noexec,relatime,cpu,cpuacct 0 0",
        "cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,nodev,noexec,relatime,memory 0 0",
    ),
}
_MOUNTS["hybrid"] = (*_MOUNTS["v1"], "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid,nodev,nsdelegate 0 0")

V2_STAT = """anon 20971520
file 314572800
kernel 5242880
kernel_stack 65536
pagetables 131072
percpu 1536
sock 4096
shmem 8192
file_mapped 1048576
file_dirty 12288
file_writeback 4096
inactive_file 104857600
active_file 209715200
unevictable 0
slab 4194304
workingset_refault_anon 3
workingset_refault_file 54235
pgsteal 61000
pgfault 1085189
pgmajfault 977
"""
V1_STAT = """cache 1
rss 2
workingset_refault_file 7
hierarchical_memory_limit 9223372036854771712
total_cache 513495040
total_rss 13787136
total_shmem 9084928
total_mapped_file 11001856
total_dirty 214294528
total_writeback 0
total_workingset_refault_anon 0
total_workingset_refault_file 54235
total_pgmajfault 977
total_inactive_file 386641920
total_active_file 117768192
total_unevictable 15265792
"""
PRESSURE = "some avg10=0.00 avg60=1.25 avg300=0.60 total={0}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total={1}\n"


class Host:
    """A host below `root`; `kind` is "v1", "hybrid" or "v2"."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self.kind, self.proc = root, kind, root / "proc"
        self.write("proc/self/mounts", "\n".join(("proc /proc proc rw 0 0", *_MOUNTS[kind])) + "\n")
        for line in _MOUNTS[kind]:
            (root / line.split()[1].lstrip("/")).mkdir(parents=True, exist_ok=True)
        if kind == "v2":
            self.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
        if kind == "hybrid":
            self.write("sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n")
        self.memory = root / "sys/fs/cgroup" / ("" if kind == "v2" else "memory")

    @property
    def hierarchy(self) -> Hierarchy:
        return Hierarchy.discover(self.root)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def cgroup(self, path: str, place: str = "", **files: str) -> Path:
        """Make a cgroup in the memory hierarchy, or in the one mounted at `place`; "memory__max" is "memory.max"."""
        top = self.root / "sys/fs/cgroup" / place if place else self.memory
        directory = top / path.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (directory / name.replace("__", ".")).write_text(text)
        return directory

    def process(self, pid: int, comm: str, memory: str, **elsewhere: str) -> None:
        """Make a process in cgroup `memory`; `cpu`, `systemd` and `unified` give its path in the other hierarchies."""
        places = {"memory": memory, **elsewhere}
        for place, path in places.items():
            folder = {"memory": "", "cpu": "cpu,cpuacct"}.get(place, place)
            procs = self.cgroup(path, folder) / "cgroup.procs"
            procs.write_text((procs.read_text() if procs.exists() else "") + f"{pid}\n")
        self.write(f"proc/{pid}/comm", f"{comm}\n")
        self.write(f"proc/{pid}/cgroup", self._lines(places))

    def _lines(self, places: dict[str, str]) -> str:
        if self.kind == "v2":
            return f"0::{places['memory']}\n"
        lines = [
            f"4:memory:{places['memory']}",
            f"2:cpu,cpuacct:{places.get('cpu', '/')}",
            f"1:name=systemd:{places.get('systemd', '/')}",
        ]
        if self.kind == "hybrid":
            lines.append(f"0::{places.get('unified', '/')}")
        return "\n".join(lines) + "\n"

    def listing(self) -> list[str]:
        """Everything below the root, to show that asking changes nothing."""
        return sorted(str(p) for p in self.root.rglob("*"))
