"""`diagnose rules` as a person calls it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.own_rules import RULE, write
from tests.helpers.run_cli import Run


def test_rules_are_listed_one_a_line(tmp_path: Path) -> None:
    run = Run(tmp_path, "rules", "list")
    assert run.code == 0
    lines = run.out.decode().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+ {2,}\S.*", line) for line in lines)
    assert any(line.startswith("page-cache-noisy-neighbour ") for line in lines)


def test_every_listed_rule_can_be_shown(tmp_path: Path) -> None:
    ids = [line.split()[0] for line in Run(tmp_path, "rules", "list").out.decode().splitlines()]
    for rule_id in ids[:3]:
        run = Run(tmp_path, "rules", "show", rule_id)
        assert run.code == 0
        assert rule_id in run.out.decode()


def test_an_unknown_rule_gets_the_nearest(tmp_path: Path) -> None:
    assert "page-cache-noisy-neighbour" in Run(tmp_path, "rules", "show", "page-cache-noisy-neighbor").refused()


def test_the_shipped_rules_have_no_fault_and_pass_their_tests(tmp_path: Path) -> None:
    run = Run(tmp_path, "rules", "lint")
    assert run.code == 0
    assert run.out.decode().endswith(": no errors, no remarks\n")
    run = Run(tmp_path, "rules", "test")
    assert run.code == 0
    assert run.out.decode().splitlines()[-1].endswith(" 0 failed")


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_folder_of_rules_that_is_not_there_is_exit_2(command: str, tmp_path: Path) -> None:
    Run(tmp_path, "rules", command, "none").refused()


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_folder_without_rules_is_exit_2(command: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert (
        "mine: no rules in it; a rule is a file that ends in .yaml" in Run(tmp_path, "rules", command, "mine").refused()
    )


def test_a_folder_without_rules_is_noted_where_rules_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    run = Run(tmp_path, "rules", "list", "--rules", "mine")
    assert run.code == 0
    assert run.err == "diagnose: mine: no rules in it; a rule is a file that ends in .yaml\n"
    assert run.out == Run(tmp_path, "rules", "list").out


def test_remarks_are_no_errors(tmp_path: Path) -> None:
    write(tmp_path, RULE.replace("references: [none]\n", ""))
    run = Run(tmp_path, "rules", "lint", ".")
    assert run.code == 0
    assert run.out.decode().splitlines() == [
        "too-many-misses.yaml:1: remark: references: missing; cite where the thresholds and the mechanism come from",
        ".: no errors, 1 remark",
    ]


def test_lint_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: broken\n")
    run = Run(tmp_path, "rules", "lint", ".")
    assert run.code == 2
    assert b"broken.yaml" in run.out
    assert "Traceback" not in run.err
