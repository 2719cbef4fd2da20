"""Whose a file is: any place on the way to it where somebody else than root has a say, however it was prepared."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from diagnose.change.owner import Doubt, doubt

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to others")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of this user, two folders below a private one."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")
    return folder / "report.json"


def found(path: Path) -> tuple[str, str] | None:
    """Return what is doubtful, and the name of the place."""
    doubtful = doubt(path, os.getuid())
    return None if doubtful is None else (doubtful.why, doubtful.path.name)


def test_a_file_in_a_private_folder_is_nobody_elses(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(file) is None
    monkeypatch.chdir(file.parent)
    assert found(Path("../b/report.json")) is None
    (file.parent / "link").symlink_to("../b/report.json")
    assert found(file.parent / "link") is None


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_to(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert found(file) == ("writable", "report.json")


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
@pytest.mark.parametrize("place", ["a", "b"])
def test_a_folder_above_that_others_can_write_to(file: Path, place: str, mode: int) -> None:
    (file.parent if place == "b" else file.parent.parent).chmod(mode)
    assert found(file) == ("writable", place)


def test_what_is_ours_in_a_sticky_folder_cannot_be_renamed(file: Path) -> None:
    file.parent.parent.chmod(0o1777)
    assert found(file) is None
    file.parent.chmod(0o1777)
    assert found(file) is None
    file.parent.chmod(0o777)
    assert found(file) == ("writable", "b")


@as_root
def test_a_file_of_somebody_else(file: Path) -> None:
    os.chown(file, NOBODY, NOBODY)
    assert doubt(file, 0) == Doubt("owner", file, NOBODY)


@as_root
@pytest.mark.parametrize("sticky", [True, False])
def test_a_folder_of_somebody_else_above_a_file_of_ours(file: Path, sticky: bool) -> None:
    file.parent.parent.chmod(0o1777 if sticky else 0o755)
    os.chown(file.parent, NOBODY, NOBODY)
    assert found(file) == ("owner", "b")


@as_root
def test_a_link_of_somebody_else_to_a_file_of_ours(file: Path) -> None:
    planted = file.parent.parent / "planted"
    planted.symlink_to(file)
    os.chown(planted, NOBODY, NOBODY, follow_symlinks=False)
    assert found(planted) == ("owner", "planted")


@as_root
def test_a_link_of_ours_into_a_folder_of_somebody_else(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file.parent)
    os.chown(file.parent, NOBODY, NOBODY)
    assert found(link / "report.json") == ("owner", "b")


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        doubt(tmp_path / "a", os.getuid())


@pytest.mark.kernel
@as_root
def test_a_mount_where_everybody_can_write(tmp_path: Path) -> None:
    """A file system of one's own (FUSE) says what it likes about the owners of its files."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "theirs").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "none", str(shared / "theirs")], check=True)
    try:
        (shared / "theirs" / "report.json").write_text("{}")
        assert found(shared / "theirs" / "report.json") == ("mounted", "theirs")
        shared.chmod(0o755)
        assert found(shared / "theirs" / "report.json") is None
    finally:
        subprocess.run(["umount", str(shared / "theirs")], check=True)
