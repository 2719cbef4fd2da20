"""Histograms of block requests."""

from __future__ import annotations

from diagnose.analysis.block_latency import OPS, STAGES, BlockLatency
from diagnose.capture.tables import BlockLatency as Table
from diagnose.capture.tables import BlockRequests
from diagnose.histogram import BINS
from tests.helpers.small_capture import small_capture


def test_requests_are_counted_by_device_direction_stage_and_whose_they_are() -> None:
    table = Table(
        window=[0, 1, 2, 2],
        device=["vda", "vda", "vdb", "vda"],
        op=["read", "read", "write", "read"],
        stage=["service", "service", "queue", "service"],
        own=[1, 1, 0, 0],
        bin=[40, BINS + 3, 7, 40],
        count=[3, 2, 5, 11],
    )
    latency = BlockLatency(small_capture(block_latency=table))
    own = latency.own("vda", "read", "service")
    assert latency.devices == ["vda", "vdb"]
    assert (own[40], own[BINS - 1], own.sum()) == (3, 2, 5), "past the last bin is in it"
    assert latency.of("vdb")[OPS.index("write"), STAGES.index("queue"), 0, 7] == latency.of("vdb").sum() == 5
    assert latency.of("vda").sum() == 16


def test_a_device_whose_requests_have_no_time_is_known_and_one_that_was_not_seen_has_none() -> None:
    requests = BlockRequests(
        window=[0], device=["vdc"], op=["read"], cgroup=[None], requests=[1], bytes=[1], queue_ns=[None], service_ns=[0]
    )
    latency = BlockLatency(small_capture(block_requests=requests))
    assert latency.devices == ["vdc"]
    assert latency.own("vdc", "read", "service").sum() == latency.own("vda", "read", "service").sum() == 0
    assert BlockLatency(small_capture()).of("vda").sum() == 0
