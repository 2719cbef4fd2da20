"""The only importer of bcc: compile the battery, attach its programs, read its maps.

bcc comes from the distribution (python3-bpfcc), whose folder a virtual environment does not see; PyPI's "bcc" is
another project. It is loaded from its own folder alone, so that nothing else of the system's Python comes in.
"""

from __future__ import annotations

import ctypes
import errno
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from diagnose import resources
from diagnose.errors import CannotMeasureError
from diagnose.models import ProbeRecord

# Where distributions put python3-bpfcc / python3-bcc. Fixed folders: nothing in the environment or the current folder
# decides what root loads.
_BCC_FOLDERS = ("/usr/lib/python3/dist-packages", "/usr/lib/python3/site-packages", "/usr/share/bcc/python")
_BCC_GLOB = "/usr/lib*/python3*/site-packages/bcc"
_COMPILER_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "COMPILER_PATH")
HOW_TO_INSTALL = "apt install python3-bpfcc (Fedora, RHEL: dnf install python3-bcc)"

LOST = ("inflight_map_full", "read_slots_not_drained", "files_map_full", "cache_map_full", "evictions_map_full",
        "reclaim_map_full", "requests_map_full", "block_map_full", "blame_map_full",
        "stalls_map_full", "touched_map_full")  # fmt: skip
"""Why events were not counted; the order is `enum lost` of bpf/common.h."""


def find_bcc() -> Path:
    """Return the folder of the distribution's bcc package; raises CannotMeasureError naming the package to install."""
    folders = [Path(f, "bcc") for f in _BCC_FOLDERS] + sorted(Path("/").glob(_BCC_GLOB[1:]))
    for folder in folders:
        if (folder / "libbcc.py").is_file() and (folder / "table.py").is_file():
            return folder
    raise CannotMeasureError(f"bcc is not installed (looked in {', '.join(_BCC_FOLDERS)}); {HOW_TO_INSTALL}")


def _import_bcc() -> ModuleType:
    if "bcc" in sys.modules and hasattr(sys.modules["bcc"], "BPF"):
        return sys.modules["bcc"]
    folder = find_bcc()
    spec = importlib.util.spec_from_file_location(
        "bcc", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise CannotMeasureError(f"bcc in {folder} cannot be loaded; {HOW_TO_INSTALL}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bcc"] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, OSError, SyntaxError) as error:
        del sys.modules["bcc"]
        raise CannotMeasureError(f"bcc in {folder} cannot be loaded ({error}); {HOW_TO_INSTALL}") from error
    module.lib = _BriefLog(module.lib)  # type: ignore[attr-defined]
    return module


def _own_environment() -> None:
    """Let the compiler find our headers and no others; libbcc and clang would take folders from the environment."""
    for name in [n for n in os.environ if n.startswith("BCC_") or n in _COMPILER_VARIABLES]:
        del os.environ[name]
    os.environ["BCC_KERNEL_SOURCE"] = str(resources.folder("bpf") / "headers")


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep what libbcc and clang write to standard error off the screen; yields a list that receives the lines."""
    lines: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            lines += [line for line in sink.read().decode("utf-8", "replace").splitlines() if line.strip()]


@dataclass(frozen=True)
class Attachment:
    """A BPF function and what it goes to. `provides`: the columns that are missing without it."""

    kind: Literal["tracepoint", "raw", "kprobe"]
    event: str
    """A tracepoint, "category:name"; a raw one by name alone; for a kprobe the kernel's function."""
    function: str
    provides: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    """What the program takes the first arguments for: structs ("folio|page", ""), of a tracepoint its fields."""


class _BriefLog:
    """libbcc with a small log for the verifier.

    Without one libbcc has the kernel verify a refused program again and again, with twice the log each time, until all
    of the log fits: a minute on a slow machine, where all that is wanted is a no.
    """

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self._log = ctypes.create_string_buffer(4096)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lib, name)

    def bcc_func_load(self, *arguments: Any) -> int:
        """Put our log in the place of the buffer and its size, the 9th and 10th argument in every version of bcc."""
        return int(self._lib.bcc_func_load(*arguments[:8], self._log, len(self._log), *arguments[10:]))


def source() -> str:
    """Return the C of the whole battery, its files joined in the order of bpf/battery.txt."""
    folder = resources.folder("bpf")
    names = [n for n in (folder / "battery.txt").read_text().split("\n") if n and not n.startswith("#")]
    return "".join(f'#line 1 "{name}"\n{(folder / name).read_text()}\n' for name in names)


class Module:
    """The compiled battery. Everything it loads belongs to this process and goes with it."""

    def __init__(
        self,
        cflags: Sequence[str],
        program: str | None = None,
        misfit: Callable[[Attachment], str | None] = lambda _: None,
    ) -> None:
        """Compile the battery, or another program; raises CannotMeasureError with the compiler's or the kernel's
        first line. `misfit` says why a program would misread this kernel; such a one is not attached."""
        self._misfit = misfit
        bcc = _import_bcc()
        self._lib: Any = bcc.lib
        _own_environment()
        with _quiet() as lines:
            try:
                self._bpf: Any = bcc.BPF(text=(program or source()).encode(), cflags=["-w", *cflags])
            except Exception as error:  # bcc raises bare Exception for everything
                failure: Exception | None = error
            else:
                failure = None
        if failure is not None:
            detail = next((x for x in lines if "rror" in x or "not permitted" in x), str(failure))
            raise CannotMeasureError(f"the BPF programs could not be built or loaded: {detail.strip()}") from failure
        self._tables: dict[str, _Table] = {}

    def attach(self, attachment: Attachment) -> str | None:
        """Load and attach one program; returns None, or why it could not be (one line)."""
        if (reason := self._misfit(attachment)) is not None:
            return reason
        event, function = attachment.event.encode(), attachment.function.encode()
        with _quiet() as lines:
            try:
                if attachment.kind == "tracepoint":
                    self._bpf.attach_tracepoint(tp=event, fn_name=function)
                elif attachment.kind == "raw":
                    self._bpf.attach_raw_tracepoint(tp=event, fn_name=function)
                else:
                    self._bpf.attach_kprobe(event=event, fn_name=function)
            except Exception as error:  # bcc raises bare Exception for everything
                reason = str(error)
        if reason is None:
            return None
        return " ".join([reason, *lines[:1]]).replace("b'", "'")

    def detach(self) -> None:
        """Detach and unload everything now rather than at exit."""
        self._bpf.cleanup()

    def table(self, name: str) -> _Table:
        if name not in self._tables:
            lib, module = self._lib, self._bpf.module
            table_id = lib.bpf_table_id(module, name.encode())
            self._tables[name] = _Table(
                lib=lib,
                name=name,
                fd=lib.bpf_table_fd(module, name.encode()),
                key_bytes=lib.bpf_table_key_size_id(module, table_id),
                leaf_bytes=lib.bpf_table_leaf_size_id(module, table_id),
                max_entries=lib.bpf_table_max_entries_id(module, table_id),
            )
        return self._tables[name]


@dataclass
class _Table:
    """A BPF map. Keys and values are numpy structured types that mirror the C; sizes are checked at every use."""

    lib: Any
    name: str
    fd: int
    key_bytes: int
    leaf_bytes: int
    max_entries: int

    def _check(self, key: np.dtype[Any], value: np.dtype[Any]) -> None:
        if (key.itemsize, value.itemsize) != (self.key_bytes, self.leaf_bytes):
            raise AssertionError(
                f"map {self.name}: C has {self.key_bytes}+{self.leaf_bytes} bytes, "
                f"Python {key.itemsize}+{value.itemsize}"
            )

    def read(self, key: np.dtype[Any], value: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return all keys and values of a hash map, shapes (n,); what is inserted meanwhile may be missing."""
        self._check(key, value)
        keys, values = np.zeros(self.max_entries, key), np.zeros(self.max_entries, value)
        count, token = ctypes.c_uint32(self.max_entries), ctypes.c_uint32()
        result = self.lib.bpf_lookup_batch(
            self.fd, None, ctypes.byref(token), _address(keys), _address(values), ctypes.byref(count)
        )
        if result != 0 and ctypes.get_errno() != errno.ENOENT:  # ENOENT: the end of the map was reached
            return self._read_one_by_one(key, value)
        return keys[: count.value], values[: count.value]

    def _read_one_by_one(self, key: np.dtype[Any], value: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """For kernels without batch operations on this map (before 5.6)."""
        keys, values = np.zeros(self.max_entries, key), np.zeros(self.max_entries, value)
        n, cursor, following = 0, None, np.zeros(1, key)
        while n < self.max_entries and self.lib.bpf_get_next_key(self.fd, cursor, _address(following)) == 0:
            keys[n] = following[0]
            cursor = _address(keys[n : n + 1])
            if self.lib.bpf_lookup_elem(self.fd, cursor, _address(values[n : n + 1])) == 0:
                n += 1
        return keys[:n], values[:n]

    def drain(self, key: np.dtype[Any], value: np.dtype[Any], finished: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take out the rows of windows before `finished`, which no program writes any more."""
        keys, values = self.read(key, value)
        done = keys["window"] < finished
        keys, values = np.ascontiguousarray(keys[done]), values[done]
        self._delete(keys)
        return keys, values

    def _delete(self, keys: NDArray[Any]) -> None:
        count = ctypes.c_uint32(len(keys))
        if len(keys) and self.lib.bpf_delete_batch(self.fd, _address(keys), ctypes.byref(count)) != 0:
            for row in range(len(keys)):  # before 5.6, or a key that is gone already
                self.lib.bpf_delete_elem(self.fd, _address(keys[row : row + 1]))

    def memory_bytes(self, proc: Path = Path("/proc/self/fdinfo")) -> int | None:
        """Return the kernel memory that the map takes, full or empty ("memlock:", proc_pid_fdinfo(5)); None: not told.

        Of a map that allocates as it goes it is the most it can take from 6.4 on, nothing before.
        """
        lines = (proc / str(self.fd)).read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("memlock:")), None)

    def per_cpu(self, index: int, value: np.dtype[Any]) -> NDArray[Any]:
        """Return entry `index` of a per-CPU array, shape (possible CPUs,)."""
        self._check(np.dtype("u4"), value)
        out = np.zeros(_possible_cpus(), value)
        self.lib.bpf_lookup_elem(self.fd, ctypes.byref(ctypes.c_uint32(index)), _address(out))
        return out

    def update(self, index: int, value: NDArray[Any]) -> None:
        """Write entry `index` of an array; for a per-CPU array `value` has one row a possible CPU."""
        if self.lib.bpf_update_elem(self.fd, ctypes.byref(ctypes.c_uint32(index)), _address(value), 0) != 0:
            raise CannotMeasureError(f"map {self.name} cannot be written: {os.strerror(ctypes.get_errno())}")

    def array(self) -> NDArray[np.uint64]:
        """Return a plain array map of u64, shape (max_entries,)."""
        out = np.zeros(self.max_entries, np.uint64)
        for i in range(self.max_entries):
            self.lib.bpf_lookup_elem(self.fd, ctypes.byref(ctypes.c_uint32(i)), _address(out[i : i + 1]))
        return out


def text(raw: bytes) -> str:
    """Return a C string: what follows its NUL is left over from an earlier use of the buffer."""
    return raw.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")


def _address(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _possible_cpus(path: Path = Path("/sys/devices/system/cpu/possible")) -> int:
    """Count the possible CPUs, which is how many values a per-CPU map has ("0-3,8")."""
    parts = (part.partition("-") for part in path.read_text().strip().split(","))
    return sum(int(high or low) - int(low) + 1 for low, _, high in parts)


def attach_probe(module: Module, probe: str, attachments: Sequence[Attachment]) -> ProbeRecord:
    """Attach what can be attached and say what could not, and which columns are missing for it."""
    failed = [(a, reason) for a in attachments if (reason := module.attach(a)) is not None]
    if not failed:
        return ProbeRecord(probe=probe, attached=True)
    events: dict[str, list[str]] = {}
    for attachment, why in failed:
        events.setdefault(why.replace(attachment.function, "…"), []).append(attachment.event)
    reason = "; ".join(f"{', '.join(names)}: {why}" for why, names in events.items())
    essential = len(failed) == len(attachments) or any(not a.provides for a, _ in failed)
    return ProbeRecord(
        probe=probe,
        attached=not essential,
        reason=reason,
        how_to_enable="see: diagnose doctor",
        missing=[] if essential else [column for a, _ in failed for column in a.provides],
    )
