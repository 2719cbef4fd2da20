"""The sentences that a rule brings along, with its placeholders filled: "{reads.slow_share} of the reads" (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose import units
from diagnose.analysis.facts import FACTS
from diagnose.report.model import Advice
from diagnose.report.wording.conditions import quantity
from diagnose.report.wording.facts import fact_words
from diagnose.report.wording.writer import Writer
from diagnose.rules.evaluate import FactSource, Judgement
from diagnose.rules.evaluate.result import Context
from diagnose.rules.evaluate.statistics import statistic_of
from diagnose.rules.templates import CULPRITS, render


@dataclass(frozen=True)
class Filler:
    """Fills templates of one rule. `culprits`: whom they speak of, the first one's are the facts of a neighbour."""

    judgement: Judgement
    facts: FactSource
    culprits: tuple[str, ...]

    @classmethod
    def of(cls, judgement: Judgement, facts: FactSource) -> Filler:
        """Return what fills templates that speak of all that the rule blames."""
        return cls(judgement, facts, tuple(one.cgroup for one in judgement.culprits))

    def only(self, culprit: str) -> Filler:
        """Return what fills templates that speak of one culprit alone."""
        return Filler(self.judgement, self.facts, (culprit,))

    def fill(self, template: str, writer: Writer) -> str:
        """Return a template of the rule with its numbers and names."""
        return render(template, lambda word: self._word(word, writer))

    def _word(self, word: str, writer: Writer) -> str:
        """Return the text of one placeholder."""
        values, rule = self.judgement.loaded.values, self.judgement.rule
        if word.startswith("$"):
            return quantity(values[word[1:]], rule.parameters[word[1:]].unit)
        if word in CULPRITS:
            return writer.cgroups(self.culprits if word == "culprits" else self.culprits[:1])
        name, _, statistic = word.partition(":")
        context = Context(self.facts, values, next(iter(self.culprits), None))
        if FACTS[name].kind == "text":
            return fact_words(self.facts, name, context.whose(name), writer, values) or units.UNKNOWN
        value = statistic_of(name, statistic, context)
        if statistic == "times_slower":
            return units.UNKNOWN if value is None else f"{units.number(value)} times"
        return units.quantity(value, "ratio" if statistic == "slow_weight" else FACTS[name].unit)


def who(filler: Filler, writer: Writer) -> str | None:
    """Return whose doing it is in the rule's words; None: it has none, or accuses neighbours."""
    given = filler.judgement.rule.then.who
    return None if given is None else filler.fill(given, writer)


def advice(filler: Filler, do: Writer, risk: Writer) -> Advice | None:
    """Return what to do beyond memory limits and what could go wrong, two texts; None: the rule says nothing."""
    given = filler.judgement.rule.then.advice
    return None if given is None else Advice(do=filler.fill(given.do, do), risk=filler.fill(given.risk, risk))
