"""The digests of records in force: who can read them, how long they stay, and what is no such folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from diagnose.change import kept
from diagnose.change.kept import Kept

ONE, TWO, OTHER = (f"sha256:{digit * 64}" for digit in "123")


def store(tmp_path: Path, boot: str = "boot-1") -> Kept:
    (tmp_path / "var/lib").mkdir(parents=True, exist_ok=True)
    return Kept(tmp_path / "var/lib/diagnose", boot, os.getuid())


def test_what_is_kept_is_known_until_it_is_dropped(tmp_path: Path) -> None:
    here = store(tmp_path)
    assert here.knows(ONE) is None
    here.keep(ONE)
    assert (here.knows(ONE), here.knows(TWO)) == (True, False)
    here.keep(TWO, instead_of=ONE)
    assert (here.knows(ONE), here.knows(TWO)) == (True, True)
    here.keep_only(TWO)
    assert (here.knows(ONE), here.knows(TWO)) == (False, True)
    here.drop(ONE)
    here.keep(TWO)
    assert here.knows(TWO)
    here.drop(TWO)
    assert here.knows(TWO) is False


def test_a_record_is_dropped_with_all_that_killed_runs_left_of_it(tmp_path: Path) -> None:
    here = store(tmp_path)
    here.keep(ONE)
    here.keep(TWO, instead_of=ONE)
    here.keep(OTHER)
    here.drop(TWO)
    assert [here.knows(digest) for digest in (ONE, TWO, OTHER)] == [False, False, True]


def test_nobody_else_can_enter(tmp_path: Path) -> None:
    here, before = store(tmp_path), os.umask(0)
    try:
        here.keep(ONE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(here.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../x", f"sha256:{'1' * 63}/", f"md5:{'1' * 64}"])
def test_what_is_no_digest_is_not_known(tmp_path: Path, digest: str) -> None:
    here = store(tmp_path)
    here.keep(ONE)
    assert here.knows(digest) is None
    here.drop(digest)
    assert here.knows(ONE)


def test_a_folder_that_others_can_write_to_is_none(tmp_path: Path) -> None:
    here = store(tmp_path)
    here.keep(ONE)
    here.folder.chmod(0o777)
    assert here.knows(ONE) is None
    with pytest.raises(PermissionError, match="alone"):
        here.keep(TWO)


def test_digests_of_other_boots_go_and_nothing_else(tmp_path: Path) -> None:
    store(tmp_path, "boot-0").keep(ONE)
    (tmp_path / "var/lib/diagnose/notes").mkdir()
    (tmp_path / "var/lib/diagnose/notes/mine").write_text("x")
    here = store(tmp_path)
    here.keep(TWO)
    assert sorted(p.name for p in here.folder.iterdir()) == ["boot-1", "notes"]
    assert here.knows(ONE) is False


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    here = store(tmp_path)
    digests = [f"sha256:{number:064x}" for number in range(5)]
    for number, digest in enumerate(digests):
        here.keep(digest)
        file = here.folder / here.boot / digest.removeprefix("sha256:")
        os.utime(file, (number, number))
    assert [here.knows(digest) for digest in digests] == [False, False, True, True, True]
