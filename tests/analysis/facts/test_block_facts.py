"""Facts about the device that the service reads from, from captures small enough to count on one's fingers."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture.model import ProbeRecord
from diagnose.capture.tables import BlockLatency, BlockRequests
from diagnose.histogram import bin_of
from tests.helpers.small_capture import SVC, small_capture

BATCH, MS = 20, 1_000_000
COLUMNS = ("window", "device", "op", "cgroup", "requests", "bytes", "queue_ns", "service_ns")
ROWS = [
    (0, "vda", "read", SVC, 30, 30 * 4096, 30 * MS, 60 * MS),
    (1, "vda", "read", 12, 10, 10 * 4096, 0, 30 * MS),
    (0, "vda", "read", BATCH, 4, 400 << 20, 1000 * MS, 1000 * MS),
    (1, "vda", "write", None, 5, 5 << 20, None, 880 * MS),
    (1, "vdb", "write", BATCH, 5, 5 << 20, 0, 9000 * MS),
    (1, "vdb", "read", SVC, 1, 4096, 0, MS),
]


def facts(rows: list[tuple[object, ...]] = ROWS, own_bins: dict[int, int] | None = None, **changes: object) -> Facts:
    bins = {MS: 36, 10 * MS: 4} if own_bins is None else own_bins
    requests = {name: [row[i] for row in rows] for i, name in enumerate(COLUMNS)}
    latency = BlockLatency(
        window=[0] * len(bins),
        device=["vda"] * len(bins),
        op=["read"] * len(bins),
        stage=["service"] * len(bins),
        own=[1] * len(bins),
        bin=[bin_of(ns) for ns in bins],
        count=list(bins.values()),
    )
    return Facts(
        Windows(
            small_capture(
                cgroups={1: "/", 10: "/dg", SVC: "/dg/svc", 12: "/dg/svc/worker", BATCH: "/dg/batch"},
                windows=2,
                block_requests=BlockRequests.model_validate(requests),
                block_latency=latency,
                **changes,
            )
        )
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("block.own_reads", 40),
        ("block.own_mean_service", 0.09 / 40),
        ("block.own_mean_latency", 0.12 / 40),
        ("block.others_in_flight", (2.0 + 0.88) / 2),
        ("block.others_time_share", 2.88 / 3.0),
        # The busiest device is vdb, 9 s of writes against 1 ms of reads.
        ("block.write_time_share", 9.0 / 9.001),
    ],
)
def test_numbers_of_the_service(name: str, value: float) -> None:
    assert facts().number(name) == pytest.approx(value)


def test_latencies_are_within_their_bin() -> None:
    assert facts().number("block.own_service_p50") == pytest.approx(0.001, rel=0.13)
    assert facts().number("block.own_best_latency") == pytest.approx(0.001, rel=0.13)
    assert facts().number("block.own_slowdown") == pytest.approx(3.0, rel=0.13)


def test_a_neighbour_that_only_does_direct_io_is_a_candidate() -> None:
    made = facts()
    assert made.neighbours == ["/dg/batch"]
    assert made.number("neighbour.block_time_share", "/dg/batch") == pytest.approx(2.0 / 3.0)
    assert made.number("neighbour.block_requests", "/dg/batch") == 4
    assert list(made.series("neighbour.block_in_flight", "/dg/batch")) == pytest.approx([2.0, 0.0])  # type: ignore[arg-type]


def test_too_few_requests_have_no_typical_latency() -> None:
    few = facts([(0, "vda", "read", SVC, 5, 5 * 4096, 0, 5 * MS)], {MS: 5})
    assert few.number("block.own_reads") == 5
    for name in ("own_mean_latency", "own_mean_service", "own_service_p50", "own_best_latency", "own_slowdown"):
        assert few.number(f"block.{name}") is None


def test_a_service_that_needs_no_device() -> None:
    idle = facts([], {})
    assert idle.number("block.own_reads") == 0
    assert idle.number("block.others_in_flight") is None
    assert idle.number("block.write_time_share") == 0


def test_without_the_probe_all_is_unknown() -> None:
    blind = facts(probes=[ProbeRecord(probe="block", attached=False, reason="gone")])
    for name in ("own_reads", "own_mean_latency", "others_in_flight", "others_time_share", "write_time_share"):
        assert blind.number(f"block.{name}") is None
