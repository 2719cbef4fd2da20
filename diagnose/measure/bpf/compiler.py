"""The compiler, which comes with bcc: it runs in a thread of its own, and gives its memory back.

This is the only importer of bcc, which comes from the distribution (python3-bpfcc), whose folder a virtual environment
does not see; PyPI's "bcc" is another project. It is loaded from its own folder alone, so that nothing else of the
system's Python comes in.

libLLVM and libclang leave some 80 MiB of their code mapped and read in, and a heap that the C library keeps. A capture
needs none of it. What is called again after all is read in again by the kernel, from the file.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from diagnose import resources
from diagnose.errors import CannotMeasureError

# Where distributions put python3-bpfcc / python3-bcc. Fixed folders: nothing in the environment or the current folder
# decides what root loads.
_BCC_FOLDERS = ("/usr/lib/python3/dist-packages", "/usr/lib/python3/site-packages", "/usr/share/bcc/python")
_BCC_GLOB = "/usr/lib*/python3*/site-packages/bcc"
_COMPILER_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "COMPILER_PATH")
HOW_TO_INSTALL = "apt install python3-bpfcc (Fedora, RHEL: dnf install python3-bcc)"

_FASTER = ("-g0", "-Xclang", "-disable-llvm-passes")
"""A third less to do (docs/performance.md): nobody reads the debug information, and libbcc optimizes what clang would
have optimized already; the programs are as long either way."""
_CLONE_FS = 0x200

LIBRARIES = ("libLLVM", "libclang", "libbcc")
_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ [1-9]\d* +(/.*)")
"""Code of a file (proc_pid_maps(5)): never written to, so that nothing is lost with it. Data is left alone."""


def find_bcc() -> Path:
    """Return the folder of the distribution's bcc package; raises CannotMeasureError naming the package to install."""
    folders = [Path(f, "bcc") for f in _BCC_FOLDERS] + sorted(Path("/").glob(_BCC_GLOB[1:]))
    for folder in folders:
        if (folder / "libbcc.py").is_file() and (folder / "table.py").is_file():
            return folder
    raise CannotMeasureError(f"bcc is not installed (looked in {', '.join(_BCC_FOLDERS)}); {HOW_TO_INSTALL}")


def _load_bcc() -> ModuleType:
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


@dataclass(frozen=True)
class Compiled:
    """bcc's BPF object with its programs and maps, and libbcc."""

    bpf: Any
    lib: Any


class Compiling:
    """A C program that the compiler works on in a thread, which does not hold Python's lock.

    Meanwhile standard error is redirected, for this whole process.
    """

    def __init__(self, program: str, cflags: Sequence[str]) -> None:
        """Begin; raises CannotMeasureError where there is no bcc."""
        self._bcc, self._program, self._cflags = _load_bcc(), program, cflags
        _own_environment()
        pool = ThreadPoolExecutor(1)
        self._aside = pool.submit(_compiled_aside, self._bcc, program, cflags)
        pool.shutdown(wait=False)

    def result(self) -> Compiled:
        """Wait for the programs and their maps; raises CannotMeasureError with the first line about why not."""
        found = self._aside.result()
        found = _compiled(self._bcc, self._program, self._cflags) if found is None else found
        return Compiled(found, self._bcc.lib)

    def wait(self) -> None:
        """Return when the thread is done, whatever came of it."""
        wait([self._aside])


def _compiled_aside(bcc: ModuleType, program: str, cflags: Sequence[str]) -> Any:
    """Compile in this thread, which gets a current folder of its own: libbcc works in the folder of the headers.

    None where that is not to be had. No signal is taken here: LLVM's handlers would end the process.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return _compiled(bcc, program, cflags) if ctypes.CDLL(None).unshare(_CLONE_FS) == 0 else None


def _compiled(bcc: ModuleType, program: str, cflags: Sequence[str]) -> Any:
    # libbcc asks its way back to the current folder by name; it may have been removed.
    with resources.away(), quiet() as lines:
        try:
            return bcc.BPF(text=program.encode(), cflags=["-w", *_FASTER, *cflags])
        except Exception as error:  # bcc raises bare Exception for everything
            failure = error
    detail = next((x for x in lines if "rror" in x or "not permitted" in x), str(failure))
    raise CannotMeasureError(f"the BPF programs could not be built or loaded: {detail.strip()}") from failure


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Keep what libbcc and clang write to standard error off the screen; yields a list that receives the lines."""
    lines: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with os.fdopen(os.memfd_create("stderr"), "w+b") as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            sink.seek(0)
            lines += [line for line in sink.read().decode("utf-8", "replace").splitlines() if line.strip()]


def give_back(maps: Path = Path("/proc/self/maps"), libraries: tuple[str, ...] = LIBRARIES) -> None:
    """Give back what the compiler took of resident memory; where the C library cannot, nothing changes."""
    libc = ctypes.CDLL(None)
    for start, size in code(maps.read_text(errors="replace"), libraries):
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _MADV_DONTNEED)
    if hasattr(libc, "malloc_trim"):  # glibc
        libc.malloc_trim(0)


def code(maps: str, libraries: tuple[str, ...] = LIBRARIES) -> Iterator[tuple[int, int]]:
    """Yield address and length in bytes of the code of some libraries, by the text of /proc/self/maps (pure)."""
    for line in maps.splitlines():
        found = _MAPPING.fullmatch(line)
        if found and Path(found[3]).name.startswith(libraries):
            start, end = int(found[1], 16), int(found[2], 16)
            if start < end:
                yield start, end - start
