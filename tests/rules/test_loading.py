"""Loading: faults are named with file, line, key and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.rules import load_rules
from diagnose.rules.evaluate.testing import run_tests
from diagnose.rules.lint import lint
from tests.helpers.own_rules import RULE, changed, write


def test_a_rule_of_ones_own_joins_the_shipped_ones(folder: Path) -> None:
    write(folder)
    rules = load_rules([folder])
    assert {"too-many-misses", "healthy", "page-cache-noisy-neighbour"} <= {loaded.id for loaded in rules}
    assert lint(folder) == []
    assert [(o.test, o.passed) for o in run_tests(folder)] == [
        ("half miss", True),
        ("few miss", True),
        ("not measured", True),
    ]


def test_a_file_of_another_name_is_found(folder: Path) -> None:
    write(folder, name="too-many-misses.yml")
    with pytest.raises(UsageError, match=r"must be named after its id .* name it too-many-misses\.yaml$"):
        load_rules([folder])


def test_a_test_fails_by_what_differs(folder: Path) -> None:
    write(folder, RULE.replace("outcome: fires, confidence: medium", "outcome: fires, confidence: high"))
    failed = [(o.test, o.differs) for o in run_tests(folder) if not o.passed]
    assert failed == [("half miss", ("confidence",))]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none: not a folder"):
        load_rules([tmp_path / "none"])


def test_a_file_where_a_folder_is_asked_for(folder: Path) -> None:
    path = write(folder)
    with pytest.raises(UsageError, match=f"{path}: a file, not a folder; name the folder that it is in, {folder}$"):
        load_rules([path])


def test_a_folder_without_rules_is_noted(folder: Path) -> None:
    (folder / "notes.txt").write_text("to do")
    rules = load_rules([folder])
    assert rules.notes == (f"{folder}: no rules in it (other files: 1); a rule is a file that ends in .yaml",)
    assert len(rules) == len(load_rules())


def test_a_folder_with_rules_for_hosts_without_bpf_alone_has_rules(folder: Path) -> None:
    (folder / "without-bpf").mkdir()
    text = "overrides: own-limit-too-small\nparameters: {limit_hits: 2}\n"
    write(folder / "without-bpf", text, "own-limit-too-small.yaml")
    assert load_rules([folder]).notes == ()


def test_faults_are_named_in_the_order_of_their_lines(folder: Path) -> None:
    text = changed("title:", "titel:").replace("unit: ratio", "unti: ratio").replace("verdict:", "verdickt:")
    path = write(folder, text)
    with pytest.raises(UsageError) as error:
        load_rules([folder])
    lines = [int(line.removeprefix(f"{path}:").partition(":")[0]) for line in str(error.value).splitlines()]
    assert lines == [2, 5, 10]


@pytest.mark.parametrize("old", ["why: for the test", "unit: ratio", "title: Reads miss the page cache"])
def test_a_terminal_takes_no_orders_from_a_rule(folder: Path, old: str) -> None:
    write(folder, changed(old, f'{old.partition(":")[0]}: "\\e[31m"'))
    with pytest.raises(UsageError, match="control characters are not accepted"):
        load_rules([folder])
