"""share/ is what the commands say: nobody edits it by hand, nobody forgets to write it anew."""

from __future__ import annotations

from pathlib import Path

from diagnose.cli import cli
from diagnose.cli._manual import Manual, ManualGroup
from diagnose.cli.reference import files, write
from tests.helpers.paths import CHECKOUT

SHARE = CHECKOUT / "share"


def content(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_share_is_up_to_date() -> None:
    assert isinstance(cli, Manual)
    assert content(SHARE) == files(cli), "run: make reference"


def test_a_new_command_is_picked_up_and_one_that_is_gone_is_removed(tmp_path: Path) -> None:
    group = ManualGroup("diagnose", help="Top.")
    group.add_command(Manual("old", help="Old."))
    write(tmp_path, group)
    del group.commands["old"]
    group.add_command(Manual("new", help="New."))
    write(tmp_path, group)
    written = content(tmp_path)
    assert written == files(group)
    assert "man/man1/diagnose-new.1" in written
    assert "man/man1/diagnose-old.1" not in written
