"""The compiler's memory is given back, and its code still runs when it is called again."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

from diagnose.probes import _compiler

MAPS = """\
7f1000000000-7f1000003000 r--p 00000000 fd:00 7 /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1
7f1000003000-7f1000008000 r-xp 00003000 fd:00 7 /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1
7f1000008000-7f1000009000 rw-p 00008000 fd:00 7 /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1
7f2000000000-7f2000001000 r-xp 00000000 fd:00 8 /usr/lib/llvm-14/lib/libclang-cpp.so.14 (deleted)
7f3000000000-7f3000001000 r-xp 00000000 fd:00 9 /usr/lib/x86_64-linux-gnu/libc.so.6
7f4000000000-7f4000001000 rwxp 00000000 fd:00 9 /tmp/libLLVM-written.so
7f5000000000-7f5000001000 r-xp 00000000 00:00 0 [vdso]
"""
PROGRAM = """
import ctypes, sys
from pathlib import Path
from diagnose.probes import _compiler

def resident():
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            ours = " r-xp " in line and sys.argv[1] in line
        elif ours and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total

library = ctypes.CDLL(sys.argv[1])
for start, size in _compiler.code(Path("/proc/self/maps").read_text(), ("libcopied",)):
    ctypes.string_at(start, size)
before = resident()
_compiler.give_back(libraries=("libcopied",))
library.zlibVersion.restype = ctypes.c_char_p
print(before, resident(), library.zlibVersion().decode())
"""


def test_code_of_the_compiler_alone_is_found() -> None:
    assert list(_compiler.code(MAPS)) == [(0x7F1000003000, 0x5000), (0x7F2000000000, 0x1000)]


def test_what_is_given_back_can_still_be_called(tmp_path: Path) -> None:
    found = re.search(r"(/\S*/libz\.so\.1\S*)", Path("/proc/self/maps").read_text())
    if found is None:
        ctypes.CDLL("libz.so.1")
        found = re.search(r"(/\S*/libz\.so\.1\S*)", Path("/proc/self/maps").read_text())
    assert found is not None
    copy = tmp_path / "libcopied.so"
    shutil.copy(found[1], copy)
    done = subprocess.run([sys.executable, "-c", PROGRAM, copy], capture_output=True, text=True, check=True)
    before, after, version = done.stdout.split()
    assert int(before) >= 40
    assert int(after) < int(before) / 2
    assert re.fullmatch(r"[\d.]+", version)
