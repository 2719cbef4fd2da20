"""Facts out of files alone: refaults, what came in, drops, devices; unknown where a file was not readable."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.block import Device
from diagnose.analysis.windows import Windows
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.capture.surroundings import BlockDevice
from tests.helpers.small_capture import MIB, SVC, small_capture

PAGE = 4096
NAMES = {1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch", 30: "/elsewhere"}
REFUSED = [
    ProbeRecord(probe="bpf", attached=False, reason="switched off"),
    *(ProbeRecord(probe=p, attached=True) for p in ("cgroups", "host")),
]
Samples = dict[tuple[int, str], list[int | None]]


def io(cgroup: int, pages: list[int]) -> Samples:
    return {
        (cgroup, "io_read_bytes"): [p * PAGE for p in pages],
        (cgroup, "io_written_bytes"): [0] * len(pages),
    }


def facts_of(samples: Samples, host: dict[str, list[int | None]] | None = None, **more: Any) -> Facts:
    changes: dict[str, Any] = {
        "cgroups": NAMES,
        "windows": 4,
        "settings": {10: {"memory.max": 100 * MIB}, SVC: {"memory.max": None}},
        "probes": REFUSED,
    }
    capture: Capture = small_capture(samples=samples, host=host or {}, **{**changes, **more})
    return Facts(Windows(capture))


def test_rates_and_shares_of_the_service() -> None:
    samples = io(SVC, [0, 100, 200, 300, 400]) | {(SVC, "refault_file_pages"): [7, 107, 207, 307, 327]}
    facts = facts_of(samples)
    assert facts.number("cache.refault_rate") == 80.0
    assert facts.number("device.read_rate") == 100.0
    assert facts.number("device.refaulted_share") == 0.8


def test_what_is_kept_of_what_was_read() -> None:
    samples = io(SVC, [0, 100, 200, 300, 400]) | {(SVC, "file_bytes"): [0, 0, 0, 0, 300 * PAGE]}
    assert facts_of(samples).number("cache.kept_share") == 0.75


def test_shares_of_the_room_leave_out_who_is_not_in_it() -> None:
    samples = io(SVC, [0, 0, 0, 0, 1000]) | io(20, [0, 0, 0, 0, 3000]) | io(30, [0, 0, 0, 0, 9000])
    facts = facts_of(samples)
    assert facts.number("neighbour.inflow_share", "/dg/batch") == 0.75
    assert facts.number("neighbour.inflow_share", "/elsewhere") == 0.0
    assert facts.number("neighbours.inflow_share") == 0.75


def test_without_a_limit_the_host_is_the_room() -> None:
    samples = io(SVC, [0, 0, 0, 0, 1000]) | io(20, [0, 0, 0, 0, 3000]) | io(30, [0, 0, 0, 0, 4000])
    host: dict[str, list[int | None]] = {"vmstat.pgsteal_kswapd": [0, 5, 5, 5, 9], "vmstat.pgsteal_direct": [1] * 5}
    facts = facts_of(samples, host, settings={})
    assert facts.number("neighbour.inflow_share", "/elsewhere") == 0.5
    assert facts.number("room.hits") == 9


def test_the_room_s_own_reading_counts_those_who_were_not_read_by_themselves() -> None:
    samples = io(SVC, [0, 0, 0, 0, 1000]) | io(20, [0, 0, 0, 0, 3000]) | io(10, [0, 0, 0, 0, 16_000])
    facts = facts_of(samples)
    assert facts.number("neighbour.inflow_share", "/dg/batch") == 3000 / 16_000
    assert facts.number("neighbours.inflow_share") == 15_000 / 16_000


def test_where_some_were_not_read_the_sum_over_the_host_is_unknown() -> None:
    samples = io(SVC, [0, 0, 0, 0, 1000]) | io(20, [0, 0, 0, 0, 3000])
    partial = ProbeRecord(probe="cgroups", attached=True, missing=["7 cgroups not read by themselves"])
    facts = facts_of(samples, settings={}, probes=[REFUSED[0], partial])
    assert facts.number("neighbours.inflow_share") is None


def test_a_neighbour_s_own_limit_is_asked_for_by_its_own_counter() -> None:
    samples = io(20, [0, 0, 0, 0, 3000]) | {(20, "limit_hits"): [3, 3, 3, 9, 9], (20, "high_hits"): [0, 1, 1, 1, 1]}
    assert facts_of(samples).number("neighbour.limit_hits", "/dg/batch") == 7
    assert facts_of(io(20, [0, 0, 0, 0, 3000])).number("neighbour.limit_hits", "/dg/batch") is None


def test_a_limit_of_a_job_s_members_contains_the_job_too() -> None:
    names = {1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch", 21: "/dg/batch/w1", 22: "/dg/batch/w2"}
    samples = io(21, [0, 0, 0, 0, 3000]) | io(22, [0, 0, 0, 0, 3000]) | {(21, "limit_hits"): [3, 3, 3, 9, 9]}
    facts = facts_of(samples, cgroups=names)
    assert facts.neighbours == ["/dg/batch"]
    assert facts.number("neighbour.limit_hits", "/dg/batch") == 6


def test_hits_are_those_of_the_lowest_limit_around_the_service() -> None:
    samples: Samples = {(10, "limit_hits"): [5, 5, 9, 9, 30], (SVC, "limit_hits"): [0] * 5}
    assert facts_of(samples).number("room.hits") == 25


@pytest.mark.parametrize(
    ("drops", "cache", "expected"),
    [
        ([0, 0, 1, 1, 1], [100, 100, 20, 60, 100], (0.8, 1.0)),
        ([0, 0, 0, 1, 1], [100, 100, 20, 60, 60], (0.8, 0.5)),  # counted a window after it showed
        ([0, 0, 1, 1, 1], [100, 100, 100, 30, 100], (0.7, 1.0)),  # read just before it fell
        ([0, 0, 0, 0, 0], [100, 100, 20, 60, 100], (None, None)),  # it fell, and nobody dropped it
        ([0, 0, 1, 1, 1], [100, 100, 100, 100, 100], (0.0, None)),
    ],
)
def test_a_drop_shows_in_the_readings_around_it(
    drops: list[int | None], cache: list[int], expected: tuple[float | None, float | None]
) -> None:
    samples: Samples = {(SVC, "file_bytes"): [c * MIB for c in cache]}
    facts = facts_of(samples, {"vmstat.drop_pagecache": drops})
    found = (facts.number("cache.dropped_share"), facts.number("cache.reread_share"))
    assert found == (pytest.approx(expected[0]), pytest.approx(expected[1]))


def disk(name: str, sectors: int, ms: int, reads: int = 100) -> dict[str, list[int | None]]:
    """Return the columns of a device that does the same in each of 4 windows."""
    grow = {"reads": reads // 4, "read_sectors": sectors // 4, "read_ms": ms // 4, "queued_ms": ms // 4}
    return {f"disk.{name}.{key}": [step * window for window in range(5)] for key, step in grow.items()}


def test_the_device_of_the_service_is_the_one_that_read_what_it_read() -> None:
    host = disk("loop0", 3200, 2400) | disk("vda", 3300, 40) | disk("vdb", 800_000, 9000)
    facts = facts_of(io(SVC, [0, 100, 200, 300, 400]), host)
    assert facts.number("disk.own_mean_read") == pytest.approx(0.024)
    assert facts.number("disk.own_in_flight") == pytest.approx(0.6)
    assert (facts.value("disk.own_name"), facts.value("disk.busiest_name")) == (Device("loop0"), Device("vdb"))
    assert facts.number("disk.slowest_read") == pytest.approx(0.09)
    assert facts.number("disk.busiest_share") == pytest.approx(800_000 / 806_500)


def test_a_mapped_device_and_the_disk_below_it_are_not_two_devices_that_share_the_work() -> None:
    """LVM or encryption over a disk: both count every request, and one of them alone is all the I/O there is."""
    host = disk("dm-0", 800_000, 9100) | disk("sda", 800_000, 9000) | disk("sdb", 200_000, 100)
    devices = [BlockDevice(name="dm-0", number="252:0", below=["sda"]), BlockDevice(name="sda", number="8:0")]
    facts = facts_of(io(SVC, [0, 100, 200, 300, 400]), host, devices=devices)
    assert facts.value("disk.busiest_name") == Device("dm-0")
    assert facts.number("disk.busiest_share") == pytest.approx(0.8)


def test_an_array_did_what_its_disks_did() -> None:
    host = disk("md0", 800_000, 9100) | disk("sda", 800_000, 4000) | disk("sdb", 800_000, 4000)
    devices = [BlockDevice(name="md0", number="9:0", below=["sda", "sdb"])]
    facts = facts_of(io(SVC, [0, 100, 200, 300, 400]), host, devices=devices)
    assert facts.number("disk.busiest_share") == 1


def test_no_device_is_the_service_s_if_none_read_as_much_when_it_did() -> None:
    host = disk("vda", 3200, 2400)
    assert facts_of(io(SVC, [0, 400, 400, 400, 400]), host).number("disk.own_mean_read") is None
    assert facts_of(io(SVC, [0, 0, 0, 0, 0]), host).number("disk.own_mean_read") is None


def test_nothing_read_nothing_known() -> None:
    facts = facts_of({})
    for name in ("cache.refault_rate", "device.read_rate", "device.refaulted_share", "room.hits", "disk.in_flight"):
        assert facts.number(name) is None, name
