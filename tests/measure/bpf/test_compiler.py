"""Finding bcc, what the compiler says, running it beside other work, and giving its memory back."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf import compiler
from diagnose.measure.bpf.compiler import Compiling, find_bcc

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
from diagnose.measure.bpf import compiler

def resident():
    total, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0]:
            ours = " r-xp " in line and sys.argv[1] in line
        elif ours and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total

library = ctypes.CDLL(sys.argv[1])
for start, size in compiler.code(Path("/proc/self/maps").read_text(), ("libcopied",)):
    ctypes.string_at(start, size)
before = resident()
compiler.give_back(libraries=("libcopied",))
library.zlibVersion.restype = ctypes.c_char_p
print(before, resident(), library.zlibVersion().decode())
"""


def fake_bcc(folder: Path) -> Path:
    (folder / "bcc").mkdir(parents=True)
    for name in ("__init__.py", "libbcc.py", "table.py"):
        (folder / "bcc" / name).touch()
    return folder / "bcc"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Look for bcc below a folder of our own alone."""
    monkeypatch.setattr(compiler, "_BCC_FOLDERS", (str(tmp_path / "a"), str(tmp_path / "b")))
    monkeypatch.setattr(compiler, "_BCC_GLOB", f"{tmp_path}/lib*/python3*/site-packages/bcc")
    return tmp_path


def test_bcc_is_found_where_distributions_put_it(nowhere: Path) -> None:
    second = fake_bcc(nowhere / "b")
    assert find_bcc() == second
    assert find_bcc() != fake_bcc(nowhere / "a") or find_bcc() == nowhere / "a" / "bcc"
    assert find_bcc() == nowhere / "a" / "bcc"


def test_a_distribution_with_a_numbered_python_is_found(nowhere: Path) -> None:
    assert fake_bcc(nowhere / "lib64" / "python3.99" / "site-packages") == find_bcc()


def test_the_other_project_of_that_name_is_not_taken_for_it(nowhere: Path) -> None:
    (nowhere / "a" / "bcc").mkdir(parents=True)
    (nowhere / "a" / "bcc" / "__init__.py").touch()
    with pytest.raises(CannotMeasureError, match="apt install python3-bpfcc"):
        find_bcc()


def test_neither_the_environment_nor_the_current_folder_decides_what_root_loads(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_bcc(nowhere)
    monkeypatch.chdir(nowhere)
    monkeypatch.setenv("PYTHONPATH", str(nowhere))
    with pytest.raises(CannotMeasureError, match="bcc is not installed"):
        find_bcc()


def test_what_others_write_to_standard_error_is_kept_off_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    with compiler.quiet() as lines:
        os.write(2, b"a warning\n\nof a library\xff\n")
    os.write(2, b"seen\n")
    assert lines == ["a warning", "of a library\ufffd"]
    assert capfd.readouterr().err == "seen\n"


def test_standard_error_comes_back_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="bad"), compiler.quiet():
        raise OSError(errno.EIO, "bad")
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"


def test_code_of_the_compiler_alone_is_found() -> None:
    assert list(compiler.code(MAPS)) == [(0x7F1000003000, 0x5000), (0x7F2000000000, 0x1000)]


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


NOTHING = "int nothing(void *ctx) { return 0; }"


@pytest.mark.kernel
def test_who_does_not_wait_stays_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compiling, seen = Compiling(NOTHING, []), set()
    for _ in range(200):
        seen.add(Path.cwd())
        time.sleep(0.001)
    compiling.result().bpf.cleanup()
    assert seen == {tmp_path}


@pytest.mark.kernel
def test_a_program_is_compiled_once() -> None:
    before = bcc_maps()
    programs = Compiling(f"BPF_ARRAY(one, u64, 1);\n{NOTHING}", []).result()
    try:
        assert bcc_maps() - before == 1
    finally:
        programs.bpf.cleanup()


def bcc_maps() -> int:
    """Return how many BPF maps this process has open."""
    return sum(os.path.realpath(entry).endswith("bpf-map") for entry in Path("/proc/self/fd").iterdir())


@pytest.mark.kernel
def test_after_the_wait_standard_error_is_ours_again(capfd: pytest.CaptureFixture[str]) -> None:
    compiling = Compiling("int nothing(void *ctx) { return unheard_of; }", [])
    compiling.wait()
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"


@pytest.mark.kernel
def test_what_the_compiler_refuses_is_one_line() -> None:
    with pytest.raises(CannotMeasureError, match=r"could not be built or loaded: .*error: ") as caught:
        Compiling("int nothing(void *ctx) { return unheard_of; }", []).result()
    assert str(caught.value).isprintable()
