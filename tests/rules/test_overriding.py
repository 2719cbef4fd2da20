"""Later folders override earlier ones: whole rules, single thresholds, the host's own, those for hosts without BPF."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.rules import load_rules
from diagnose.rules.evaluate.testing import lint, run_tests
from diagnose.rules.explain import explain
from tests.helpers.own_rules import RULE, changed, write


def test_a_later_rule_of_the_same_id_replaces_the_earlier(folder: Path, tmp_path: Path) -> None:
    write(folder)
    later = tmp_path / "later"
    later.mkdir()
    write(later, RULE.replace("default: 0.1", "default: 0.3"))
    assert load_rules([folder, later]).get("too-many-misses").values == {"most": 0.3}


def test_a_threshold_alone_may_be_overridden(folder: Path, tmp_path: Path) -> None:
    write(folder)
    later = tmp_path / "later"
    later.mkdir()
    path = write(later, "overrides: too-many-misses\nparameters:\n  most: 0.25\n")
    loaded = load_rules([folder, later]).get("too-many-misses")
    assert loaded.values == {"most": 0.25}
    assert str(path) in explain(loaded)
    assert "25 %" in explain(loaded)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("overrides: too-many-mises\nparameters: {most: 1}", "too-many-mises.yaml", "did you mean `too-many-misses`"),
        ("overrides: healthy\nparameters: {slow_shares: 1}", "healthy.yaml", "did you mean `slow_share`"),
        ("overrides: healthy\nparameters: {slow_share: yes}", "healthy.yaml", "must be a number"),
        ("overrides: healthy\nparameters: {}", "healthy.yaml", "at least 1"),
        ("overrides: healthy\nparameters: {p99: 1}\nwhen: {}", "healthy.yaml", "not a key"),
        ("overrides: healthy\nparameters: {p99: 1}", "other.yaml", "must be named healthy.yaml"),
    ],
)
def test_overrides_with_nothing_to_change(folder: Path, tmp_path: Path, text: str, name: str, said: str) -> None:
    write(folder)
    later = tmp_path / "later"
    later.mkdir()
    write(later, text, name)
    with pytest.raises(UsageError, match=said):
        load_rules([folder, later])


def test_the_hosts_own_rules_only_when_nobody_else_can_write_them(folder: Path) -> None:
    path = write(folder)
    for trusted in (folder.parent, folder, path):
        trusted.chmod(0o755)
    if os.geteuid() == 0:
        assert "too-many-misses" in {loaded.id for loaded in load_rules(system=folder)}
    for loose in (path, folder, folder.parent):
        before = loose.stat().st_mode
        loose.chmod(0o777)
        rules = load_rules(system=folder)
        assert "too-many-misses" not in {loaded.id for loaded in rules}
        assert any("writable by nobody else" in note for note in rules.notes)
        loose.chmod(before)


def test_a_link_in_the_hosts_rules_is_not_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path)
    (folder / "too-many-misses.yaml").symlink_to(elsewhere)
    assert load_rules(system=folder).notes


def test_an_absent_system_folder_is_no_news(tmp_path: Path) -> None:
    assert load_rules(system=tmp_path / "none").notes == ()


def test_unknown_ids_get_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `healthy`"):
        load_rules().get("healty")


def test_rules_for_hosts_without_bpf_lie_in_a_folder_of_their_own(folder: Path) -> None:
    (folder / "without-bpf").mkdir()
    write(folder)
    write(folder / "without-bpf", changed("title: Reads miss the page cache", "title: Pages come back"))
    rules = load_rules([folder])
    assert rules.get("too-many-misses").rule.title == "Reads miss the page cache"
    assert rules.without_bpf().get("too-many-misses").rule.title == "Pages come back"
    assert len(rules.without_bpf()) == len(rules)
    assert lint(folder) == []
    assert len(run_tests(folder)) == 6


def test_a_fault_in_that_folder_is_named_too(folder: Path) -> None:
    (folder / "without-bpf").mkdir()
    path = write(folder / "without-bpf", changed("reads.missed_share: 0.5", "reads.mised_share: 0.5"))
    assert any(message.startswith(f"{path}:") for message in lint(folder))
    with pytest.raises(UsageError, match="mised_share"):
        load_rules([folder])


def test_an_override_there_changes_the_rule_there(folder: Path) -> None:
    (folder / "without-bpf").mkdir()
    text = "overrides: own-limit-too-small\nparameters: {refault_rate: 7}\n"
    write(folder / "without-bpf", text, "own-limit-too-small.yaml")
    rules = load_rules([folder])
    assert rules.without_bpf().get("own-limit-too-small").values["refault_rate"] == 7
    assert "refault_rate" not in rules.get("own-limit-too-small").values


def test_system_rules_for_hosts_without_bpf_must_be_roots_too(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder that is trusted")
    inner = folder / "without-bpf"
    inner.mkdir(mode=0o755)
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    path = write(inner)
    path.chmod(0o666)
    notes = load_rules(system=folder).notes
    assert notes
    assert str(path) in notes[0]
