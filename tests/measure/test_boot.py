"""The id of the running boot: nice to have in a capture, needed for a change; unreadable, it is no internal error."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.cgroups import Hierarchy
from diagnose.change.machine import Machine
from diagnose.errors import CannotMeasureError
from diagnose.measure.battery import host_facts
from diagnose.measure.boot import BOOT_ID, boot_id
from tests.helpers.cgroup_trees import Host


def written(proc: Path, content: bytes | None) -> Path:
    """Return `proc` with the file; None: there is none."""
    file = proc / BOOT_ID
    file.parent.mkdir(parents=True)
    if content is not None:
        file.write_bytes(content)
    return proc


def test_it_is_what_the_kernel_says(tmp_path: Path) -> None:
    assert boot_id(written(tmp_path, b"0b00-7\n")) == "0b00-7"


@pytest.mark.parametrize("content", [None, b"", b"\xff\n"])
def test_unreadable_it_is_left_out_of_a_capture(tmp_path: Path, content: bytes | None) -> None:
    assert host_facts(written(tmp_path, content)).boot_id is None


def test_nothing_is_changed_on_a_host_that_does_not_say_which_boot_this_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hierarchy = Host(tmp_path, "v2").hierarchy
    monkeypatch.setattr(Hierarchy, "discover", lambda: hierarchy)
    with pytest.raises(CannotMeasureError, match=r"boot_id: without it nobody can tell .* run diagnose on the host"):
        Machine.this(lambda seconds: False)
    written(hierarchy.proc, b"0b00-7\n")
    assert Machine.this(lambda seconds: False).boot_id == "0b00-7"
