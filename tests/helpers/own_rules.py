"""A rule of one's own, as a file, for tests of loading and overriding."""

from __future__ import annotations

from pathlib import Path

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


def write(folder: Path, text: str = RULE, name: str = "too-many-misses.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def changed(old: str, new: str) -> str:
    assert old in RULE
    return RULE.replace(old, new)
