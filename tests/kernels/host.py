"""The kernel that this machine runs, beside those in guests: the lab's noisy neighbour, and what attached."""

from __future__ import annotations

import time

from diagnose import doctor, pipeline, rules
from diagnose.cgroups import Hierarchy
from diagnose.lab import SCENARIOS
from diagnose.measure.battery import host_facts
from tests.accuracy import without_bpf
from tests.accuracy.live import outcome, record
from tests.kernels.judge import in_words
from tests.kernels.result import Result

SCENARIO = "noisy-neighbour"


def run() -> Result | None:
    """Measure the lab's scenario on this kernel; None where it cannot be measured (a guest can be all the same)."""
    if doctor.exit_code(doctor.checks()) != 0:
        return None
    begin = time.monotonic()
    capture = record(SCENARIO)
    judged = outcome(SCENARIOS[SCENARIO], pipeline.analyse(capture, rules.load_rules()))
    files = outcome(SCENARIOS[SCENARIO], pipeline.analyse(record(SCENARIO, bpf="unused"), rules.load_rules()))
    return Result(
        kernel=host_facts().kernel,
        cgroup_version=Hierarchy.discover().version,
        probes=list(capture.probes),
        verdict=in_words(judged),
        verdict_right=judged.right,
        without_bpf=in_words(files),
        without_bpf_right=without_bpf.kind(files) in ("right", "inconclusive"),
        finished=True,
        seconds={"all": round(time.monotonic() - begin, 1)},
    )
