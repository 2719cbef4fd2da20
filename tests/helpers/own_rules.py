"""A rule of one's own, as a file, for tests of loading and overriding."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from diagnose import resources
from diagnose.rules.interpret import interpret
from diagnose.rules.loading import Both
from diagnose.rules.shared import Shared
from diagnose.rules.yaml_files import parse

RULE = """\
id: too-many-misses
title: Reads miss the page cache
why: for the test
parameters:
  most: {unit: ratio, default: 0.1, help: one in ten is many enough for a test}
when: {fact: reads.missed_share, above: $most}
mechanisms:
  misses: {kind: direct, is: {fact: reads.missed_share, above: $most}}
then:
  verdict: finding
  summary: "{reads.missed_share} of the reads missed, more than {$most}"
  recommend: [protect-service]
references: [none]
tests:
  - {name: half miss, facts: {reads.missed_share: 0.5}, expect: {outcome: fires, confidence: medium}}
  - {name: few miss, facts: {reads.missed_share: 0.1}, expect: {outcome: quiet}}
  - {name: not measured, expect: {outcome: unknown}}
"""
DECLARED = """\
parameters:
  most: {unit: ratio, default: 0.1, help: one in ten is many enough for a test}
"""
INHERITING = RULE.replace(DECLARED, "").replace("$most", "$slow_share")
"""The same with a threshold that it does not declare."""

ACCUSING = """\
id: greedy
title: A neighbour evicts the service's files
why: for the test
parameters:
  most: {unit: ratio, default: 0.2, help: one in five is many enough for a test}
when:
  all:
    - {fact: reads.slow_share, above: $most}
    - {for_each: neighbour, all: [{fact: neighbour.eviction_share, above: $most}]}
mechanisms:
  evictions: {kind: direct, is: {fact: neighbour.eviction_share, above: $most}}
then:
  verdict: finding
  summary: "{culprits} evicted {neighbour.eviction_share}"
  culprits: {share: neighbour.eviction_share, cause: "it evicted this share"}
references: [none]
"""
"""A rule that accuses a neighbour, without tests."""


def write(folder: Path, text: str = RULE, name: str = "too-many-misses.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def changed(old: str, new: str) -> str:
    assert old in RULE
    return RULE.replace(old, new)


@cache
def shipped_shared() -> Shared:
    """Return the thresholds and conditions that the shipped rules share."""
    both = Both()
    for _ in both.add(resources.folder("rules")):
        pass
    return both.with_bpf.shared


def told(text: str, name: str = "too-many-misses.yaml") -> list[str]:
    """Return what is said of a rule's text, each with its line and key: "2: titel: `titel` is not a key here"."""
    document = parse(text.encode(), Path(name))
    _, problems = interpret(document, shipped_shared())
    return [document.describe(*problem).removeprefix(f"{name}:") for problem in problems]
