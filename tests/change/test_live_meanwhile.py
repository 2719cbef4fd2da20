"""Against the running kernel: what others do to a cgroup or a disk while, or after, a limit is changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from diagnose.change.record import load_record
from tests.helpers.change_box import DIAGNOSE, MIB, Box, forget_records, run

pytestmark = pytest.mark.kernel


def test_a_renamed_cgroup_is_brought_back(box: Box) -> None:
    if not box.v1:
        pytest.skip("cgroup v2 has no rename(2)")
    before = box.state()
    assert run("apply", box.report(box.limit(64 * MIB)), "--yes").returncode == 0
    (record,) = box.folder.glob("change-*.json")
    renamed = box.file("/renamed", "")
    box.file("/batch", "").rename(renamed)
    try:
        done = run("rollback", record)
    finally:
        renamed.rename(box.file("/batch", ""))
    assert done.returncode == 0, done.stderr
    assert f"'{box.top}/renamed': 64 MiB (67,108,864 bytes) → no limit, as before the change" in done.stdout
    assert box.state() == before


def test_a_value_that_somebody_sets_during_apply_stays(box: Box) -> None:
    box.fill(box.batch, 64)
    report = box.report(box.limit(44 * MIB))
    child = subprocess.Popen(
        [*DIAGNOSE, "apply", str(report), "--yes"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    assert any("step 2 of" in line for line in child.stderr)
    box.file("/batch", box.setting).write_text(str(120 * MIB))
    said = child.stderr.read()
    assert child.wait(60) == 1, said
    assert said.splitlines()[-1].endswith("their value stays; everything else was restored")
    assert box.file("/batch", box.setting).read_text() == f"{120 * MIB}\n"
    (record,) = box.folder.glob("change-*.json")
    assert load_record(record).state == "restored"


@contextmanager
def disk(folder: Path, mib: int) -> Iterator[Path]:
    """A file system of so many MiB."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, but: int) -> None:
    """Fill a file system until so many pages are left."""
    (folder / "filling").unlink(missing_ok=True)
    there = os.statvfs(folder)
    with (folder / "filling").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, (there.f_bavail - but) * there.f_frsize)


def test_a_full_disk_leaves_no_half_record(box: Box, tmp_path: Path) -> None:
    before = box.state()
    with disk(tmp_path / "disk", 4) as folder:
        box.folder = folder
        report = box.report(box.limit(64 * MIB))
        assert run("apply", report, "--yes").returncode == 0
        (record,) = folder.glob("change-*")
        assert run("rollback", record).returncode == 0
        pages = -(-record.stat().st_size // os.statvfs(folder).f_frsize)
        record.unlink()

        fill(folder, but=pages - 1)
        done = run("apply", report, "--yes")
        assert (done.returncode, "nothing was changed" in done.stderr) == (3, True)
        assert {path.name for path in folder.iterdir()} == {"report.json", "filling"}
        assert box.state() == before

        fill(folder, but=pages + 1)  # for one record, and not for the next beside it
        done = run("apply", report, "--yes")
        assert done.returncode == 1, done.stderr
        assert "restoring failed" not in done.stderr
        assert done.stderr.splitlines()[-1].endswith("everything was restored")
        assert box.state() == before
        (record,) = folder.glob("change-*")
        assert {path.name for path in folder.iterdir()} == {"report.json", "filling", record.name}
        assert run("rollback", record).returncode == 0
        assert box.state() == before
        forget_records(folder)  # the disk is too full for the record to say that it is undone
