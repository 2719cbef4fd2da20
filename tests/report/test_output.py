"""Results are whole or not there, nothing is ever overwritten, and a full disk costs nobody the measurement."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.report import output
from diagnose.report.output import check, write

FILES = ("report.md", "report.json", "capture.json.gz", "charts/evictions.svg")
CONTENTS = {
    "report.md": b"# x\n",
    "report.json": b"{}\n",
    "charts/evictions.svg": b"<svg/>",
    "capture.json.gz": b"\x1f\x8b" * 1000,
}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount or to change user")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of our own, with the temporary folder below it too."""
    monkeypatch.chdir(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return tmp_path


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files written as where the file system has none without a name."""
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)  # refused for writing, with EISDIR


@pytest.fixture(params=["nameless", "beside"])
def ways(request: pytest.FixtureRequest) -> None:
    """Have files written the one way and the other."""
    if request.param == "beside":
        request.getfixturevalue("beside")


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@as_root
def test_a_read_only_file_system_is_refused_early(read_only: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written to"):
        check(read_only / "report", FILES)


def test_all_files_are_there_whole_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    written = write(folder, CONTENTS)
    assert written == output.Written(folder)
    assert files_in(folder) == CONTENTS


def test_results_are_added_beside_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "temporary" / "notes.txt").write_text("mine")
    write(tmp_path / "temporary", CONTENTS)
    assert files_in(tmp_path / "temporary") == {**CONTENTS, "notes.txt": b"mine"}


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "report.json").write_text("mine")
    written = write(folder, CONTENTS)
    assert files_in(folder) == {"report.json": b"mine"}
    assert written.instead is not None
    assert "File exists" in written.instead
    assert files_in(written.folder) == CONTENTS


def test_a_link_that_appears_meanwhile_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "report.md").symlink_to(victim)
    written = write(folder, CONTENTS)
    assert victim.read_text() == "mine"
    assert (folder / "report.md").is_symlink()
    assert files_in(written.folder) == CONTENTS


@pytest.mark.usefixtures("beside")
def test_a_prepared_link_in_the_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / f".report.md.{os.getpid()}.partial").symlink_to(victim)
    written = write(folder, CONTENTS)
    assert victim.read_text() == "mine"
    assert files_in(written.folder) == CONTENTS


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize("failing", [0, 1, 2, 3])
@pytest.mark.parametrize("call", ["open", "fsync", "link"])
def test_a_failure_at_any_file_leaves_no_half_result(
    call: str, failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, calls, real = tmp_path / "there", iter(range(100)), getattr(os, call)

    def full(*args: object, **kwargs: object) -> object:
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, call, full)
    written = write(folder, CONTENTS)
    monkeypatch.undo()
    assert not folder.exists()
    assert written.instead is not None
    assert "No space left on device" in written.instead
    assert files_in(written.folder) == CONTENTS
    assert written.folder.parent == tmp_path / "temporary"


def test_a_failure_leaves_a_folder_that_was_there_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setattr(os, "fsync", _no_space)
    with pytest.raises(UsageError, match="nor could the temporary folder"):
        write(folder, CONTENTS)
    with pytest.raises(UsageError):
        write(folder / "a" / "b", CONTENTS)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert files_in(folder) == {"notes.txt": b"mine"}
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.usefixtures("ways")
def test_both_ways_of_writing_give_the_same_files(tmp_path: Path) -> None:
    assert write(tmp_path / "there", CONTENTS) == output.Written(tmp_path / "there")
    assert files_in(tmp_path / "there") == CONTENTS
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "there").glob("*.md")} == {0o644 & ~_umask()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.usefixtures("ways")
def test_ctrl_c_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, real = iter(range(100)), os.link

    def interrupted(*args: object, **kwargs: object) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "there", CONTENTS)
    assert not (tmp_path / "there").exists()


def write_until_killed(folder: Path, call: str, moment: int) -> None:
    """Write in a process of its own, which is killed when it has called a function of os so many times."""
    pid = os.fork()
    if not pid:
        calls, real = iter(range(100)), getattr(os, call)

        def killed(*args: object, **kwargs: object) -> None:
            real(*args, **kwargs)
            if next(calls) == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        setattr(os, call, killed)
        write(folder, CONTENTS)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("moment", range(len(CONTENTS)))
@pytest.mark.parametrize("call", ["fsync", "link"])
def test_whoever_is_killed_while_writing_leaves_no_folder(call: str, moment: int, tmp_path: Path) -> None:
    if not has_nameless_files(tmp_path):
        pytest.skip("this file system has no files without a name")
    write_until_killed(tmp_path / "there", call, moment)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("moment", range(len(CONTENTS)))
def test_whoever_is_killed_while_writing_leaves_no_file_in_a_folder_that_was_there(moment: int, tmp_path: Path) -> None:
    if not has_nameless_files(tmp_path):
        pytest.skip("this file system has no files without a name")
    (tmp_path / "there").mkdir()
    write_until_killed(tmp_path / "there", "fsync", moment)
    assert [path for path in (tmp_path / "there").rglob("*") if path.is_file()] == []


def has_nameless_files(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_WRONLY | os.O_TMPFILE))
    except OSError:
        return False
    return True


def _no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_fallback_folder_is_private(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    written = write(tmp_path / "file" / "below", CONTENTS)
    assert written.folder.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of 64 KiB."""
    yield from _mount(tmp_path, "size=64k")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    yield from _mount(tmp_path, "size=64k,ro")


def _mount(tmp_path: Path, options: str) -> Iterator[Path]:
    point = tmp_path / "mounted"
    point.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", point], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip(f"mount: {mount.stderr.decode().strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


@as_root
def test_a_disk_that_runs_full_sends_the_results_elsewhere(mounted: Path) -> None:
    big = {**CONTENTS, "capture.json.gz": os.urandom(256 << 10)}
    written = write(mounted / "report", big)
    assert list(mounted.iterdir()) == []
    assert files_in(written.folder) == big
    assert written.instead is not None
    assert "No space left on device" in written.instead


@as_root
def test_a_disk_that_turned_read_only_sends_the_results_elsewhere(read_only: Path) -> None:
    written = write(read_only / "report", CONTENTS)
    assert files_in(written.folder) == CONTENTS
    assert written.instead is not None
    assert "Read-only file system" in written.instead
