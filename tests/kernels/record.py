"""What the feature detection asks a kernel, recorded and fed to it without booting (tests/measure/bpf/recorded).

One folder a kernel: the types out of its BTF that are asked for, the formats of the tracepoints whose fields are read,
and the files of a memory cgroup; beside them what was asked.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

from diagnose.cgroups import Hierarchy
from diagnose.measure.bpf.btf import Btf
from diagnose.measure.bpf.source import battery
from diagnose.measure.bpf.tracefs import TRACEFS
from diagnose.measure.probes import PROBES
from tests.helpers.btf_blob import ENUM, FUNC, FWD, PTR, STRUCT, TYPEDEF, UNION, Blob

BTF_FILE, FORMATS_FILE, CGROUP_FILE, ASKED_FILE = "vmlinux.btf.gz", "formats.txt", "cgroup.txt", "asked.txt"
ENUMS = ("cgroup_subsys_id", "pageflags", "bpf_func_id")
STRUCTS = ("page", "pt_regs", "lru_gen_folio")
ATTACHMENTS = tuple(other for probe in PROBES for a in probe.attachments for other in (a, *a.stand_ins))
RAW, FUNCTIONS = (tuple(a for a in ATTACHMENTS if a.kind == kind) for kind in ("raw", "kprobe"))


class Shrunk:
    """A blob of those types alone that the programs ask for; what a member is of is left out, where it lies stays."""

    def __init__(self, btf: Btf) -> None:
        self._btf, self._blob = btf, Blob()
        members = {m for names in (*battery().needs, *battery().may_use) for m in names.split("|")}
        for name in sorted({m.split(".")[0] for m in members} | set(STRUCTS)):
            if (type_id := btf._find(STRUCT, name)) is not None:
                self._struct(type_id, name)
        for name in ENUMS:
            self._enum(name)
        for event in sorted({a.event for a in RAW}):
            if (arguments := btf.tracepoint_arguments(event)) is not None:
                proto = self._blob.proto([self._pointer("void"), *map(self._pointer, arguments)])
                self._blob.add(TYPEDEF, f"btf_trace_{event}", self._blob.add(PTR, "", proto))
        for function in FUNCTIONS:
            if (arguments := btf.function_arguments(function.event)) is not None:
                self._blob.add(FUNC, function.event, self._blob.proto([self._pointer(a) for a in arguments]))

    def bytes(self) -> bytes:
        return self._blob.bytes()

    def _struct(self, type_id: int, name: str) -> int:
        _, kind, count, size, position = self._btf._type(type_id)
        members = []
        for i in range(count):
            label, inner, bits = struct.unpack_from("<III", self._btf._types, position + 12 * i)
            # Anonymous members are looked into: they come along.
            stripped = 0 if label else self._btf._strip(inner)
            nested = stripped and self._btf._type(stripped)[1] in (STRUCT, UNION)
            members.append((self._btf._name(label), self._struct(stripped, "") if nested else 0, bits & 0xFFFFFF))
        return self._blob.struct(name, members, size, kind)

    def _enum(self, name: str) -> None:
        type_id = self._btf._find(ENUM, name)
        if type_id is None:
            return
        _, _, count, _, position = self._btf._type(type_id)
        pairs = [struct.unpack_from("<Ii", self._btf._types, position + 8 * i) for i in range(count)]
        self._blob.enum(name, {self._btf._name(label): value for label, value in pairs})

    def _pointer(self, name: str) -> int:
        return self._blob.add(PTR, "", 0 if name == "void" else self._blob.add(FWD, name, 0))


def asked() -> list[str]:
    """Return what is asked of BTF (members, raw tracepoints, functions): of others a recording says nothing."""
    return [*battery().needs, *battery().may_use, *(a.event for a in (*RAW, *FUNCTIONS))]


def shrunk(blob: bytes) -> bytes:
    """Return a small blob that answers the detection's questions as `blob` does."""
    return Shrunk(Btf(blob)).bytes()


def formats(tracefs: Path = TRACEFS) -> str:
    """Return the formats of the tracepoints whose fields are read, one after the other."""
    events = dict.fromkeys(a.event for a in ATTACHMENTS if a.kind == "tracepoint")
    return "".join((tracefs / "events" / event.replace(":", "/") / "format").read_text() for event in events)


def cgroup_files(directory: Path, names: Sequence[str] = ("memory.", "cpu.", "io.pressure", "cgroup.")) -> str:
    """Return the readable files of a cgroup, each below a line with its name."""
    parts = []
    for file in sorted(directory.iterdir()):
        if file.is_file() and file.name.startswith(tuple(names)):
            try:
                parts.append(f"== {file.name}\n{file.read_text()}")
            except OSError:
                continue  # written only: memory.reclaim, cgroup.kill
    return "".join(parts)


def record(folder: Path) -> None:
    """Record the running kernel."""
    folder.mkdir(parents=True, exist_ok=True)
    small = shrunk(Path("/sys/kernel/btf/vmlinux").read_bytes())
    (folder / BTF_FILE).write_bytes(gzip.compress(small, mtime=0))
    (folder / ASKED_FILE).write_text("".join(f"{what}\n" for what in asked()))
    (folder / FORMATS_FILE).write_text(formats())
    hierarchy = Hierarchy.discover()
    made = hierarchy.directory("/diagnose-test-record")
    if hierarchy.version == 2:
        (made.parent / "cgroup.subtree_control").write_text("+memory")
    made.mkdir()
    try:
        (folder / CGROUP_FILE).write_text(cgroup_files(made))
    finally:
        made.rmdir()
