"""What the soak calls wrong, and how a round is kept and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.checks import Check
from tests.soak.ending import Ending
from tests.soak.table import Round, add, read, rows, wrong

MEASURING = "diagnose: measuring /svc for 2 s; Ctrl-C ends it early and reports\n"


def ending(code: int, err: str, folder: Path = Path("/nowhere")) -> Ending:
    return Ending(code, "", err, folder, None)


@pytest.mark.parametrize(
    ("code", "err"),
    [
        (2, "diagnose: no such service\n"),
        (3, MEASURING + "diagnose: no BPF here\n"),
        (3, "\ndiagnose: stopped\n"),
        (-9, ""),
    ],
)
def test_one_line_or_a_kill_is_nothing_wrong(code: int, err: str) -> None:
    assert ending(code, err).faults() == []


@pytest.mark.parametrize(
    ("code", "err"),
    [
        (3, MEASURING),
        (3, "diagnose: one\ndiagnose: two\n"),
        (2, "Error: something\n"),
        (3, "Traceback (most recent call last):\n"),
        (3, "diagnose: internal error: KeyError: 1; this is a bug\n"),
        (0, MEASURING),
    ],
)
def test_silence_two_lines_tracebacks_and_missing_reports_are_wrong(code: int, err: str) -> None:
    assert len(ending(code, err).faults()) == 1


def test_a_report_in_part_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "report.md").touch()
    assert ending(1, MEASURING, tmp_path).faults() == ["exit 1, and of the report only report.md"]


def test_a_round_is_kept_as_it_was(tmp_path: Path) -> None:
    one = Round("a", "hard", 2.5, ("exit 0",), (Check("reads", 1, 2, "the workload"),), ("left: x",))
    add(tmp_path / "kept", one)
    add(tmp_path / "kept", one)
    assert read(tmp_path / "kept") == [one, one]
    assert read(tmp_path / "none") == []


def test_the_table_says_what_was_wrong() -> None:
    checks = (Check("reads", 10, 10, "the workload"), Check("pages", 90, 100, "vmstat"))
    rounds = [
        Round("a", "50/s", 1, ("exit 1", "exit 3: why"), checks, ()),
        Round("a", "60/s", 1, ("exit 1",), (), ("left",)),
    ]
    assert rows(rounds, {"a": "Trouble A", "b": "Trouble B"})[2:] == [
        "| Trouble A | 2 | 60/s | 2 × exit 1, 1 × exit 3 | 1/2 | pages: 10.00% | 2 |"
    ]
    assert wrong(rounds)[3:] == ["- a: pages: 90, vmstat says 100", "- a: left"]
    assert wrong([]) == []
