"""Steps in words: every kind has some; values, names and the way back reach the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from diagnose.recommend.steps import Step as StepValue
from diagnose.recommend.steps.damon import FindReclaimer
from diagnose.recommend.steps.quota import RaiseQuota
from diagnose.report.model import Step
from diagnose.report.wording.steps import WORDS, written_steps
from diagnose.report.wording.writer import Names

QUOTA = RaiseQuota(
    cgroup="/dg/svc",
    file="cpu.max",
    from_us=20_000,
    to_us=70_000,
    period_us=100_000,
    basis="used",
    basis_cpus=0.2,
    throttled_seconds=2.0,
    throttled_cpus=0.5,
    commands=("echo '70000 100000' > /c/dg/svc/cpu.max",),
    undo=("echo '20000 100000' > /c/dg/svc/cpu.max",),
)


def kinds(of: type[StepValue] = StepValue) -> Iterator[type[StepValue]]:
    for kind in of.__subclasses__():
        below = list(kinds(kind))
        yield from below or [kind]


def test_every_kind_of_step_has_words() -> None:
    assert set(WORDS) == {kind for kind in kinds() if kind.__module__.startswith("diagnose.")}


def test_a_kind_without_words_fails() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Unwritten(StepValue):
        """A kind that nobody has written words for."""

    with pytest.raises(KeyError):
        written_steps([Unwritten(commands=())], Names({}), [])


def test_commands_stay_commands_and_each_text_names_a_cgroup_for_itself() -> None:
    names = Names({"/dg/svc": "web"})
    (step,) = written_steps([QUOTA], names, [])
    assert step.says.startswith("raise cpu.max of web (/dg/svc) from 20,000 µs (0.2 CPUs) to 70,000 µs (0.7 CPUs)")
    assert (step.commands, step.undo) == (list(QUOTA.commands), list(QUOTA.undo))
    (step,) = written_steps([QUOTA], names, ["/dg/svc"])
    assert step.says.startswith("raise cpu.max of web from ")


def test_where_there_is_nothing_to_undo_nothing_is_said_of_gain_and_risk() -> None:
    (step,) = written_steps([FindReclaimer(commands=("ls",))], Names({}), [])
    assert step == Step(says=step.says, commands=["ls"])
    assert step.says.startswith("see what reclaims")
