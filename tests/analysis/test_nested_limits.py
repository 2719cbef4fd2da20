"""A limit that only a part of the service feels: seen, named, and raised, and nobody else accused."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose import pipeline, rules
from diagnose.capture import file as captures
from diagnose.report.model import Report
from tests.helpers.nested import MIB, OUTSIDE, OWN_LIMIT, nested
from tests.helpers.paths import WITHOUT_BPF

OWN_LIMIT_WITHOUT_BPF = WITHOUT_BPF / "own-limit.capture.json.gz"
SERVICE = "/diagnose-demo-1/service"
LIMIT = f"memory.limit_in_bytes of {SERVICE}/worker (104 MiB), which holds for that part of the service alone"


def report(**changes: object) -> Report:
    return pipeline.analyse(nested(**changes), rules.load_rules())  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [OWN_LIMIT, OWN_LIMIT_WITHOUT_BPF])
def test_the_limit_of_a_part_is_named_and_nobody_is_accused(path: Path) -> None:
    found = report(path=path)
    assert found.verdict.rule == "own-limit-too-small"
    assert found.verdict.summary.count(f"The service's own limit is {LIMIT};") == 1
    (finding,) = found.findings
    assert finding.culprits == []
    assert finding.who == f"nobody else; the service itself, at its own limit: {LIMIT}"


def test_it_is_raised_by_what_the_service_lacks() -> None:
    """What the service holds elsewhere needs no room below this limit."""
    (change,) = report().recommendations
    assert (change.cgroup, change.setting, change.current_bytes) == (
        f"{SERVICE}/worker", "memory.limit_in_bytes", 104 * MIB,
    )  # fmt: skip
    assert f"of that at least {OUTSIDE // MIB} MiB lay outside {SERVICE}/worker" in change.arithmetic
    (whole,) = pipeline.analyse(captures.load(OWN_LIMIT)[0], rules.load_rules()).recommendations
    assert change.value_bytes == whole.value_bytes, "as much as where the service itself has the limit"
    assert change.commands == [f"echo {change.value_bytes} > /sys/fs/cgroup/memory{change.cgroup}/{change.setting}"]


def test_a_limit_on_the_way_that_leaves_no_room_comes_first() -> None:
    (change,) = report(top=200 * MIB).recommendations
    assert (change.cgroup, change.value_bytes) == (f"{SERVICE}/worker", None)
    assert f"memory.limit_in_bytes of {SERVICE} has room for 56 MiB" in change.reason
    assert change.alternatives[0].startswith(f"give memory.limit_in_bytes of {SERVICE} ")


def test_of_several_parts_at_their_limits_none_gets_a_value_for_all() -> None:
    found = report(also_hit=True)
    assert f"; those of {SERVICE}/worker were hit, too" in found.verdict.summary
    (change,) = found.recommendations
    assert change.value_bytes is None
    assert f"what is in {SERVICE}/worker hit a limit of its own, too" in change.reason


def test_a_part_at_its_limit_is_not_blamed_for_what_the_rest_of_the_service_lost() -> None:
    found = report(elsewhere=200_000)
    assert found.verdict.rule is None
    assert found.recommendations == []
