"""Dirty limits, read-ahead and peers in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.capture.base import Process
from diagnose.recommend.steps.dirty import EarlierWriteback, Pauses, RaiseMaxDirty
from diagnose.recommend.steps.peers import FindPeers
from diagnose.recommend.steps.read_ahead import FoundByInode, ReadAhead
from diagnose.report.wording.steps_cache import read_ahead
from diagnose.report.wording.steps_dirty import earlier_writeback, raise_max_dirty
from diagnose.report.wording.steps_peers import find_peers
from diagnose.report.wording.writer import Names

MIB = 1 << 20
NEW_TEXT = Names({}).writer
RAISE = RaiseMaxDirty(
    device="loop0", number="7:0", from_bytes=8 * MIB, to_bytes=16 * MIB, busy_share=None, pauses=None, commands=()
)
READ = ReadAhead(absent_bytes=None, files_known=True, cache_bytes=None, by_inode=(), commands=())


@pytest.mark.parametrize(
    ("busy", "said"),
    [
        (0.1, "loop0 was idle in at least 90 % of the capture, so that it could take more."),
        (0.6, "which may be: requests were in flight there in up to 60 % of the capture."),
        (None, "faster than loop0 all the time (not measured)."),
    ],
)
def test_what_more_dirty_pages_can_end_is_told_with_whether_the_device_has_time_for_them(
    busy: float | None, said: str
) -> None:
    text = raise_max_dirty(replace(RAISE, busy_share=busy), NEW_TEXT)
    assert "max_bytes from 8 MiB (8,388,608 bytes) to 16 MiB (16,777,216 bytes)" in text.says
    assert text.says.endswith(said)


def test_the_pauses_are_the_most_that_can_end() -> None:
    assert raise_max_dirty(RAISE, NEW_TEXT).gain.startswith("not measured")
    text = raise_max_dirty(replace(RAISE, pauses=Pauses(30.0, 1.0, 0.25)), NEW_TEXT)
    assert text.gain.startswith("at most the 30 pauses, 1 s in all (25 % of the capture)")


def test_earlier_writeback_tells_what_the_threshold_is_set_by() -> None:
    step = EarlierWriteback(from_pages=512, from_bytes=2 * MIB, to_bytes=MIB, set_by={}, pauses=None, commands=())
    text = earlier_writeback(step, NEW_TEXT)
    assert "half of the 2 MiB that vm.dirty_background_ratio 0 comes to now" in text.says
    assert text.arithmetic == ("half of 512 pages (nr_dirty_background_threshold): 1 MiB",)
    text = earlier_writeback(replace(step, set_by={"dirty_background_ratio": 10}), NEW_TEXT)
    assert "that vm.dirty_background_ratio 10 comes to now" in text.says


def test_reading_ahead_has_nothing_to_undo() -> None:
    says = read_ahead(READ, NEW_TEXT).says
    assert "charged to it. There is nothing to undo" in says
    says = read_ahead(replace(READ, absent_bytes=3 * MIB, files_known=False), NEW_TEXT).says
    assert "charged to it (3 MiB were absent so far); which files it were is not in this capture." in says


def test_what_is_read_ahead_is_for_the_next_time_and_files_may_be_found_by_inode() -> None:
    step = replace(READ, cache_bytes=3.0 * MIB, by_inode=(FoundByInode("…/a", 12, "7:0"),))
    says = read_ahead(step, NEW_TEXT).says
    assert "its cache held 3 MiB" in says
    assert "Not the whole path is in this capture of …/a (inode 12 of device 7:0)" in says


def test_whose_process_ids_the_commands_have() -> None:
    step = FindPeers(processes=(Process(pid=7, comm="a"), Process(pid=8, comm="b")), processes_in_all=2, commands=())
    assert "start of the capture: 7 a, 8 b). Of a peer" in find_peers(step, NEW_TEXT).says
    assert "7 a, 8 b of 9)" in find_peers(replace(step, processes_in_all=9), NEW_TEXT).says
