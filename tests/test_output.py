"""Results are whole or not there, nothing is ever overwritten, and a full disk costs nobody the measurement."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from example_report import example_capture

from diagnose import output
from diagnose.errors import UsageError
from diagnose.output import check, default_folder, folder_for, write

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


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---------------------------------------------------------------- names


def test_the_default_name_says_what_and_when() -> None:
    assert default_folder("checkout.service", "2026-03-08T02:59:30Z") == Path(
        "diagnose-checkout.service-20260308T025930Z"
    )


@pytest.mark.parametrize(
    "service", ["/dg/svc", "../..", "a\nb", "..", "-", "", "x" * 5000, "é", "ns/pod", "\x1b[31m", "a b", "$(reboot)"]
)
def test_the_default_name_is_a_plain_name_whatever_the_service_is_called(service: str) -> None:
    name = default_folder(service, "2026-03-08T02:59:30Z")
    assert name.parent == Path()
    assert name.name.startswith("diagnose-")
    assert len(name.name) < 120
    assert set(name.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_a_name_that_is_taken_is_numbered_on() -> None:
    first = default_folder("svc", "2026-03-08T02:59:30Z")
    first.mkdir()
    second = default_folder("svc", "2026-03-08T02:59:30Z")
    second.symlink_to("/nowhere")
    assert [p.name for p in (second, default_folder("svc", "2026-03-08T02:59:30Z"))] == [
        f"{first}-2",
        f"{first}-3",
    ]


def test_a_hostile_start_time_does_not_lead_out_of_the_folder() -> None:
    assert default_folder("svc", "/../../x").parent == Path()


def test_the_folder_asked_for_is_the_folder() -> None:
    capture = example_capture(windows=1)
    assert folder_for(Path("there"), capture) == Path("there")
    assert folder_for(None, capture) == Path("diagnose-svc-20260308T025930Z")


# ---------------------------------------------------------------- refusing early


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_holds_results_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"already holds {name}; nothing is overwritten"):
        check(tmp_path, FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_place_of_a_result_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("/nowhere/else")
    with pytest.raises(UsageError, match="already holds"):
        check(tmp_path, FILES)


def test_a_file_or_a_dead_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/nowhere")
    for taken in ("file", "link", "file/below", "file/far/below"):
        with pytest.raises(UsageError, match="is not a folder"):
            check(tmp_path / taken, FILES)


def test_a_new_folder_below_an_existing_one_will_do(tmp_path: Path) -> None:
    check(tmp_path / "a" / "b" / "c", FILES)
    check(Path("relative"), FILES)
    assert not (tmp_path / "a").exists()


def test_a_link_to_a_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    check(tmp_path / "link", FILES)


def test_a_name_longer_than_any_is_refused(tmp_path: Path) -> None:
    for name in ("x" * 256, "é" * 128, f"deep/{'x' * 300}/down"):
        with pytest.raises(UsageError, match="at most 255 bytes"):
            check(tmp_path / name, FILES)


def test_messages_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb\x1b").touch()
    with pytest.raises(UsageError) as caught:
        check(tmp_path / "a\nb\x1b", FILES)
    assert str(caught.value).isprintable()


@as_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    pid = os.fork()
    if not pid:  # in a child, since a user cannot be changed back
        try:
            tmp_path.chmod(0o755)
            os.setresuid(65534, 65534, 65534)
            check(closed / "report", FILES)
            os._exit(1)
        except UsageError as error:
            os._exit(0 if "cannot be written to" in str(error) or "not a folder" in str(error) else 2)
        except BaseException:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@as_root
def test_a_read_only_file_system_is_refused_early(read_only: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written to"):
        check(read_only / "report", FILES)


# ---------------------------------------------------------------- writing


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


def test_a_prepared_link_in_the_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / f".report.md.{os.getpid()}.partial").symlink_to(victim)
    written = write(folder, CONTENTS)
    assert victim.read_text() == "mine"
    assert files_in(written.folder) == CONTENTS


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
    assert files_in(folder) == {"notes.txt": b"mine"}
    assert all(not list(f.iterdir()) for f in (tmp_path / "temporary").iterdir())


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
