"""Later folders override earlier ones: whole rules, single thresholds, the host's own, those for hosts without BPF."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnose.capture import file as captures
from diagnose.errors import UsageError
from diagnose.lab import RECORDED
from diagnose.pipeline import analyse
from diagnose.rules import load_rules
from diagnose.rules.evaluate.testing import run_tests
from diagnose.rules.lint import lint
from tests.helpers.own_rules import INHERITING, RULE, changed, write


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
    assert loaded.changed == {"most": path}


@pytest.mark.parametrize(
    ("parameters", "who", "said"),
    [
        ("slow_share: 0.002", ["proactive reclaim"], "besides, proactive reclaim removed"),
        ("slow_share: 0.003", [], "or made 0.3 % of the reads wait"),
        ("min_slow_reads: 245", ["proactive reclaim"], "besides, proactive reclaim removed"),
        ("min_slow_reads: 246", [], "or made 0.2 % of the reads wait"),
    ],
)
def test_a_threshold_decides_which_other_causes_are_named(
    tmp_path: Path, parameters: str, who: list[str], said: str
) -> None:
    """245 reads of the service, 0.222 % of all, waited for pages that DAMON took, beside those that its limit took."""
    write(tmp_path, f"overrides: own-limit-too-small\nparameters: {{{parameters}}}\n", "own-limit-too-small.yaml")
    capture, _ = captures.load(RECORDED / "own-limit.capture.json.gz")
    first = analyse(capture, load_rules([tmp_path])).findings[0]
    assert first.rule == "own-limit-too-small"
    assert [other.who for other in first.besides] == who
    assert said in first.summary


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("overrides: too-many-mises\nparameters: {most: 1}", "too-many-mises.yaml", "did you mean `too-many-misses`"),
        ("overrides: healthy\nparameters: {slow_shares: 1}", "healthy.yaml", "did you mean `slow_share`"),
        ("overrides: healthy\nparameters: {slow_share: yes}", "healthy.yaml", "number, or an amount such as `95 %`"),
        ("overrides: healthy\nparameters: {}", "healthy.yaml", "must not be empty"),
        ("overrides: healthy\nparameters: {p99: 1}\nwhen: {}", "healthy.yaml", "not a key"),
        ("overrides: healthy\nparameters: {p99: [1]}", "healthy.yaml", "must be a number, or an amount such as"),
        ("overrides: healthy\nparameters: {p99: 95 %}", "healthy.yaml", "`%` does not fit the unit s"),
        ("overrides: shared\nparameters: {slow_shares: 1}", "shared.yaml", "did you mean `slow_share`"),
        ("overrides: shared\nparameters: {slow_share: 1 s}", "shared.yaml", "`s` does not fit the unit ratio"),
        ("overrides: shared\nparameters: {slow_share: 1}", "other.yaml", "must be named shared.yaml"),
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


def test_thresholds_may_be_written_as_people_write_them(folder: Path) -> None:
    write(folder, "overrides: healthy\nparameters: {slow_share: 0.1 %, p99: 250 µs}\n", "healthy.yaml")
    values = load_rules([folder]).get("healthy").values
    assert (values["slow_share"], values["p99"]) == (0.001, 0.00025)


ALL_AT_ONCE = "overrides: shared\nparameters: {slow_share: 1 %}\n"


def test_a_shared_threshold_is_overridden_for_all_rules_at_once(folder: Path) -> None:
    path = write(folder, ALL_AT_ONCE, "shared.yaml")
    before, after = load_rules(), load_rules([folder])
    changed_ = {loaded.id for loaded in after if loaded.values != before.get(loaded.id).values}
    assert changed_ == {loaded.id for loaded in before if "slow_share" in loaded.values}
    assert {after.get(name).values["slow_share"] for name in changed_} == {0.01}
    assert after.get("healthy").changed == {"slow_share": path}


def test_rules_that_come_later_follow_it_too(folder: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    later.mkdir()
    path = write(folder, ALL_AT_ONCE, "shared.yaml")
    write(later, INHERITING)
    loaded = load_rules([folder, later]).get("too-many-misses")
    assert (loaded.values, loaded.changed) == ({"slow_share": 0.01}, {"slow_share": path})


@pytest.mark.parametrize("order", [("alone", "all"), ("all", "alone"), ("same",)])
def test_what_was_changed_for_one_rule_alone_stays(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Whichever folder comes first, and within one folder."""
    for name in order:
        (tmp_path / name).mkdir()
    alone, everywhere = (tmp_path / name if name in order else tmp_path / "same" for name in ("alone", "all"))
    write(alone, "overrides: healthy\nparameters: {slow_share: 3 %}\n", "healthy.yaml")
    write(everywhere, ALL_AT_ONCE, "shared.yaml")
    rules = load_rules([tmp_path / name for name in order])
    assert rules.get("healthy").values["slow_share"] == 0.03
    assert rules.get("cold-reads").values["slow_share"] == 0.01


def test_what_a_rule_declares_itself_is_its_own(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    write(own, RULE.replace("most", "slow_share"))
    write(folder, ALL_AT_ONCE, "shared.yaml")
    loaded = load_rules([own, folder]).get("too-many-misses")
    assert (loaded.values, loaded.changed, loaded.inherited) == ({"slow_share": 0.1}, {}, {})


def test_it_holds_where_bpf_is_refused_too(folder: Path) -> None:
    write(folder, "overrides: shared\nparameters: {refault_rate: 7}\n", "shared.yaml")
    for rules in (load_rules([folder]).without_bpf(), load_rules([folder]).instead):
        rates = {r.values["refault_rate"] for r in rules if "refault_rate" in r.values}
        assert rates == {7}


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
    assert any(message.text.startswith(f"{path}:") for message in lint(folder))
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
