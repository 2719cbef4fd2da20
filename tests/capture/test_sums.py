"""Sums that must agree: what cannot be is refused with the figures that contradict each other, slack is given."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.capture.sums import EVENTS, contradictions
from diagnose.errors import UsageError
from diagnose.lab import RECORDED

Json = dict[str, Any]


def recorded(name: str = "noisy-neighbour") -> Json:
    document: Json = json.loads(gzip.decompress((RECORDED / f"{name}.capture.json.gz").read_bytes()))
    return document


def loaded(document: Json) -> Capture:
    return captures.parse(gzip.compress(json.dumps(document).encode(), 1), "x.gz")


def refused(document: Json) -> str:
    with pytest.raises(UsageError) as caught:
        loaded(document)
    message = str(caught.value)
    assert message.isprintable()
    return message.removeprefix("x.gz is not a valid capture: ").removesuffix("; record it again")


def times(factor: float, *place: str) -> Json:
    """Return a recorded capture with a column multiplied."""
    document = recorded()
    node: Any = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = [None if cell is None else int(cell * factor) for cell in node[place[-1]]]
    return document


CONTRADICTIONS: dict[str, Callable[[], Json]] = {
    "reads has 150,274 reads of kind hit, and read_totals 30,053": lambda: times(0.2, "read_totals", "count"),
    "reads of kind hit took": lambda: times(10, "read_totals", "total_ns"),
    "blame has 9,212 reads that missed, and read_totals 4,606": lambda: times(2, "blame", "reads", "reads"),
    "blame has 2.16 s of reads that missed, and read_totals 1.08 s": lambda: times(2, "blame", "reads", "total_ns"),
    "read_delays.runqueue_ns has": lambda: times(10_000, "read_delays", "runqueue_ns"),
    "block_latency has": lambda: times(0.5, "block_requests", "requests"),
    "pressure.io.full_us rose by": lambda: times(1000, "host_samples", "values", "pressure.io.full_us"),
}


@pytest.mark.parametrize("says", CONTRADICTIONS)
def test_figures_that_contradict_each_other_are_named(says: str) -> None:
    assert says in refused(CONTRADICTIONS[says]())


def test_more_periods_with_a_stop_than_periods_are_refused() -> None:
    document = recorded("cpu-quota")
    values = document["cgroup_samples"]["values"]
    values["cpu_throttled_periods"] = [None if v is None else v * 100 for v in values["cpu_throttled_periods"]]
    assert "cpu_throttled_periods rose by" in refused(document)


def test_the_time_and_the_latencies_of_reads_may_differ_by_the_width_of_a_bin() -> None:
    for factor in (0.99, 1.0, 1.01):
        assert list(contradictions(loaded(times(factor, "read_totals", "total_ns")))) == []


def test_slack_is_given_for_reads_that_are_in_one_sum_and_not_yet_in_the_other() -> None:
    document = recorded()
    document["read_totals"]["count"][0] += EVENTS
    loaded(document)
    document["read_totals"]["count"][0] += 150_274 // 50 + 1000
    assert "reads of kind hit" in refused(document)


def test_slack_is_given_for_lost_events() -> None:
    document = times(2, "blame", "reads", "reads")
    assert "blame has" in refused(document)
    document["lost"] = {"read_slots_not_drained": 4_606}
    loaded(document)


def test_stalled_time_may_be_read_late_and_more_than_passed() -> None:
    document = recorded()
    for kind in ("some", "full"):
        column = document["host_samples"]["values"][f"pressure.io.{kind}_us"]
        column[-1] = column[0] + 100_000_000  # in 10 s: this process was stopped meanwhile
    loaded(document)


def test_what_was_not_measured_contradicts_nothing() -> None:
    document = recorded()
    document |= {"blame": None, "read_delays": None, "stalls": None}
    document["cgroup_samples"]["values"] = {}
    document["host_samples"] = {"window": [], "values": {}}
    document["reads"] = {name: [] for name in document["reads"]}
    document["read_totals"] = {name: [] for name in document["read_totals"]}
    assert list(contradictions(loaded(document))) == []
