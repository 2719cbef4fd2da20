"""Files are read ahead by commands in which every name is quoted, or found by its inode."""

from __future__ import annotations

from diagnose.capture.tables import ReadFile
from diagnose.recommend.steps.read_ahead import FoundByInode, ReadAhead
from tests.helpers.small_capture import MIB, SVC
from tests.helpers.step_scene import captured, steps_for


def test_files_are_read_from_within_the_services_cgroup_and_names_are_quoted() -> None:
    file = ReadFile(device="7:0", inode=1, path="/srv/a 'b", slow_reads=9, missed_reads=9, total_ns=9)
    (step,) = steps_for("read-ahead", captured(files=[file], cgroup_version=2))
    assert isinstance(step, ReadAhead)
    assert step.commands[-1].endswith("""sh /sys/fs/cgroup/dg/svc/cgroup.procs '/srv/a '"'"'b'""")
    assert step.undo == (), "nothing drops what was read ahead and leaves what the service had cached itself"
    assert (step.files_known, step.by_inode, step.cache_bytes) == (True, (), None)


def test_a_file_whose_path_is_not_whole_is_found_by_its_inode() -> None:
    file = ReadFile(device="7:0", inode=12, path="…/a/$(b)", slow_reads=9, missed_reads=9, total_ns=9)
    samples = {(SVC, "file_bytes"): [MIB, MIB, MIB, MIB, 3 * MIB]}
    (step,) = steps_for("read-ahead", captured(files=[file], cgroup_version=2, samples=samples))
    assert isinstance(step, ReadAhead)
    found = '"$(find "$(findmnt -nfo TARGET -S 7:0)" -xdev -inum 12 -print -quit)"'
    assert step.commands[0] == f"ls -lh -- {found}"
    assert step.commands[1].endswith(f"/sys/fs/cgroup/dg/svc/cgroup.procs {found}")
    assert step.by_inode == (FoundByInode("…/a/$(b)", 12, "7:0"),)
    assert step.cache_bytes == 3 * MIB


def test_a_device_that_is_no_number_reaches_no_command() -> None:
    file = ReadFile(device="vda; reboot", inode=12, path="…/a", slow_reads=9, missed_reads=9, total_ns=9)
    (step,) = steps_for("read-ahead", captured(files=[file], cgroup_version=2))
    assert step.commands[0] == 'ls -lh -- "$(find / -xdev -inum 12 -print -quit)"'


def test_without_files_the_command_has_a_word_for_one() -> None:
    (step,) = steps_for("read-ahead", captured(cgroup_version=2))
    assert isinstance(step, ReadAhead)
    assert not step.files_known
    assert step.commands[0] == "ls -lh -- FILE"
