"""The measure of accuracy itself: simulations small enough for every day, judging, and the page it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.lab import SCENARIOS
from diagnose.report.model import Culprit, Finding, Verdict
from tests.accuracy import __main__ as page
from tests.accuracy import outcomes, simulation, without_bpf
from tests.accuracy.live import Outcome, outcome
from tests.kernels.result import Result
from tests.test_recorded import RECORDINGS, report_of

RUNS = 60


@pytest.mark.parametrize("windows", simulation.WINDOWS)
def test_innocents_are_not_accused(windows: int) -> None:
    assert simulation.false_accusation_rate(windows, RUNS) <= 0.05
    assert simulation.false_screen_rate(windows, RUNS) <= 0.1, "what 60 runs can tell; ACCURACY.md has 400"


def test_a_bursty_aggressor_is_found_and_nobody_beside_it() -> None:
    found, wrong = simulation.bursty_rates(120, RUNS)
    assert found >= 0.85
    assert wrong <= 0.05


def _accusing(*cgroups: str) -> list[Finding]:
    culprits = [Culprit(cgroup=c, share=None, cause=None) for c in cgroups]
    finding = Finding(rule="x", title="x", confidence="high", culprits=culprits, summary="x", evidence=[])
    return [finding.model_copy(update={"rule": "page-cache-noisy-neighbour"})]


@pytest.mark.parametrize(
    ("accused", "right", "innocent"),
    [
        (("/diagnose-demo-1/batch",), True, ()),
        (("/diagnose-demo-1/batch", "/diagnose-demo-1/bystander"), False, ("bystander",)),
        (("/diagnose-demo-1/bystander", "/diagnose-demo-1/batch"), False, ("bystander",)),
        (("/other-1",), False, ("/other-1",)),
        ((), False, ()),
    ],
)
def test_right_is_the_rule_and_the_culprit_and_nobody_else(
    accused: tuple[str, ...], right: bool, innocent: tuple[str, ...]
) -> None:
    scenario = SCENARIOS["innocent-bystander"]
    verdict = Verdict(status="finding", rule=scenario.expected, confidence="high", summary="x")
    report = report_of(RECORDINGS[0]).model_copy(update={"verdict": verdict, "findings": _accusing(*accused)})
    judged = outcome(scenario, report)
    assert (judged.right, judged.accused) == (right, innocent)


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two scenarios are in the file: nothing is measured again, and the wrong one's report is quoted."""
    right = Outcome("healthy", "healthy", "high", (), True, (), "Fine.")
    wrong = Outcome("own-limit", "inconclusive", "low", ("other",), False, ("other",), "No rule explains it.")
    file = tmp_path / "outcomes"
    assert outcomes.read(file) == []
    for found in (right, wrong):
        outcomes.add(file, found)
    assert outcomes.read(file) == [right, wrong]
    text, holds = page.measured(1, ["healthy", "own-limit"], None, file)
    assert not holds
    assert "**1 of 2 right, 1 scenarios with a false accusation.**" in text
    assert "- own-limit, said to be inconclusive: No rule explains it." in text
    assert capsys.readouterr().err == ""


def test_outcomes_of_other_code_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "outcomes"
    file.write_text('{"state": "other"}\n')
    with pytest.raises(UsageError, match="another state of the code"):
        outcomes.read(file)


def _outcome(verdict: str, confidence: str = "medium", right: bool = False, accused: tuple[str, ...] = ()) -> Outcome:
    return Outcome("own-limit", verdict, confidence, accused, right, accused, "Said.")


@pytest.mark.parametrize(
    ("outcome_", "kind"),
    [
        (_outcome("own-limit-too-small", right=True), "right"),
        (_outcome("inconclusive", "low"), "inconclusive"),
        (_outcome("healthy"), "wrong"),
        (_outcome("swap-thrash"), "wrong"),
        (_outcome("own-limit-too-small", "high", right=True), "wrong"),
        (_outcome("inconclusive", "low", accused=("batch",)), "wrong"),
        (_outcome("could not run: no swap", "low"), "not run"),
    ],
)
def test_without_bpf_anything_but_right_and_inconclusive_is_wrong(outcome_: Outcome, kind: str) -> None:
    assert without_bpf.kind(outcome_) == kind


def test_the_table_without_bpf_counts_and_holds_only_with_nothing_wrong() -> None:
    good = [_outcome("own-limit-too-small", right=True), _outcome("inconclusive", "low")]
    text, holds = without_bpf.section(good)
    assert holds
    assert "**1 right, 1 inconclusive, 0 wrong.**" in text
    assert "| own-limit | own-limit-too-small | – | 1 | 1 | 0 |" in text
    text, holds = without_bpf.section([*good, _outcome("healthy")])
    assert not holds
    assert "1 wrong" in text


def _kernel(folder: Path, release: str, config: str) -> None:
    (folder / release / "boot").mkdir(parents=True)
    (folder / release / "boot" / f"vmlinuz-{release}").touch()
    (folder / release / "boot" / f"config-{release}").write_text(config)


def test_limits_on_v1_are_tried_where_the_kernel_has_its_memory_controller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booted: list[tuple[list[str], int]] = []

    def in_guests(images: list[Path], root: Path, keep: Path, jobs: int, *more: str, version: int) -> list[Result]:
        booted.append(([image.name for image in images], version))
        return [Result(kernel="6.1.0", cgroup_version=version)]

    monkeypatch.setattr(page, "GUESTS", tmp_path)
    monkeypatch.setattr(page, "in_guests", in_guests)
    monkeypatch.setattr(page, "end_guests_with_us", lambda: None)
    _kernel(tmp_path, "6.12.1", "CONFIG_MEMCG=y\n# CONFIG_MEMCG_V1 is not set\n")
    with pytest.raises(UsageError, match=r"no kernels for cgroup v1 .* \.ci/guest-packages"):
        page.sized_in_guests(None, 1)
    _kernel(tmp_path, "6.1.0", "CONFIG_MEMCG=y\n")
    assert not page.sized_in_guests(None, 1)[1], "a guest that died has no row"
    page.sized_in_guests(None, 2)
    assert booted == [(["vmlinuz-6.1.0"], 1), (["vmlinuz-6.1.0", "vmlinuz-6.12.1"], 2)]
