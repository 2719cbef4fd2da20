"""Facts that are no numbers, in words, and why a fact is missing."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts import Missing
from diagnose.report.wording.facts import missing_words


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (Missing("probe-not-attached", "evictions.of_service", "evictions", "EPERM"), "probe evictions: EPERM"),
        (Missing("no-limit-set", "limit.bytes", "cgroups"), "no memory limit of the service's own is set"),
        (
            Missing("no-quota-of-its-own", "cpu.used", "cgroups"),
            "the service has no cpu.stat to itself, so no CPU quota of its own; one above it was not read",
        ),
        (
            Missing("no-value", "reads.p50", "reads"),
            "probe reads ran, but its readings give no value for: median latency of file reads",
        ),
    ],
)
def test_why_a_fact_is_missing(missing: Missing, said: str) -> None:
    assert missing_words(missing) == said
