"""The lines of `diagnose rules test`: where a test is, and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.report.wording.rule_tests import message
from diagnose.rules.evaluate.testing import run_tests
from tests.helpers.own_rules import RULE, changed, write

SURE = changed("fires, confidence: medium", "fires, confidence: high")
FIRES = changed("0.1}, expect: {outcome: quiet}", "0.1}, expect: {outcome: fires}")
BLAMES = changed("expect: {outcome: unknown}", "expect: {outcome: quiet, culprits: [/a]}")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (RULE, 15, "tests[0]: half miss: passed"),
        (SURE, 15, "tests[0]: half miss: confidence is medium, expected high (holding: misses)"),
        (
            FIRES,
            16,
            "tests[1]: few miss: outcome is quiet, expected fires (share of file reads that missed the page cache "
            "(10 %) is not above 10 %)",
        ),
        (
            BLAMES,
            17,
            "tests[2]: not measured: outcome is unknown, expected quiet (reads.missed_share is not given in this "
            "test); culprits are [], expected ['/a']",
        ),
    ],
)
def test_a_line_says_where_a_test_is_and_what_differs(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path, text)
    assert f"{path}:{line}: {said}" in [message(outcome) for outcome in run_tests(tmp_path)]
