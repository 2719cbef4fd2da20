"""What the terminal says in the end: verdict, who, how sure, what to change, where the report is, what next (pure)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose import units
from diagnose.cli._common import word
from diagnose.escape import Visible, columns, shortened, visible, visible_lines

if TYPE_CHECKING:
    from diagnose.report.model import Culprit, Finding, Recommendation, Report

MOST_SUMMARY_LINES = 6
MOST_CULPRITS = 2
MOST_CHANGES = 2
_NAME_COLUMNS = 60
_INDENT = "  "


def summary(report: Report, file: Path, data: Path | None, width: int | None) -> Visible:
    """Return at most 23 lines of 80 columns where `width` is 80: one screen. None: lines are as long as they are.

    `file` is the report to read, `data` the report.json that `apply` takes, if it was written.
    """
    lines = [
        *_without_bpf(report, width),
        _verdict(report),
        *_said(report, width),
        *_who(report, width),
        *_sure(report, width),
    ]
    lines += _changes(report, width)
    lines.append(f"report: {visible(str(file))}")
    return visible_lines("\n".join([*lines, *_next(report, data, width)]))


def _without_bpf(report: Report, width: int | None) -> list[str]:
    from diagnose.capture.model import BPF

    refused = next((row for row in report.not_measured if row.probe == BPF), None)
    if refused is None:
        return []
    return _wrapped(f"measured without BPF ({refused.reason}): no read was timed", width, 2, first="")


def _verdict(report: Report) -> str:
    verdict = report.verdict
    sure = f", {verdict.confidence} confidence" if verdict.status == "finding" else ""
    return f"verdict: {verdict.rule if verdict.status == 'finding' else verdict.status}{sure}"


def _said(report: Report, width: int | None) -> list[str]:
    main = _main(report)
    title = f"{main.title.rstrip('.')}. " if main else ""
    return _wrapped(f"{title}{report.verdict.summary}", width, MOST_SUMMARY_LINES)


def _who(report: Report, width: int | None) -> Iterator[str]:
    main = _main(report)
    culprits = main.culprits if main else []
    if not culprits and report.verdict.who:
        yield from _wrapped(f"who: {report.verdict.who}", width, 2, first="")
    for culprit in culprits[:MOST_CULPRITS]:
        yield from _wrapped(f"who: {_culprit(culprit)}", width, 2 if len(culprits) == 1 else 1, first="")
    if len(culprits) > MOST_CULPRITS:
        yield f"who: {len(culprits) - MOST_CULPRITS} more, see the report"
    for also in main.besides if main else []:
        yield from _wrapped(f"who else: {also.who}: {also.says}", width, 1, first="")


def _culprit(culprit: Culprit) -> str:
    share = "" if culprit.share is None else f" ({units.percent(culprit.share)})"
    cause = f": {culprit.cause}" if culprit.cause else ""
    return f"{_called(culprit)}{share}{cause}"


def _called(what: Culprit | Recommendation) -> str:
    """Return the name that a person knows, if there is one, and the path."""
    path = shortened(what.cgroup, _NAME_COLUMNS)
    return path if what.name is None else f"{shortened(what.name, _NAME_COLUMNS)} ({path})"


def _sure(report: Report, width: int | None) -> list[str]:
    """Return the confidence, and what it rests on: the mechanisms that were seen, or what was ruled out."""
    seen = [known.says for known in report.verdict.known_by]
    if not seen:
        unknown = f"{len(report.unknown)} unknown"
        seen = [f"{len(report.ruled_out)} explanations ruled out, {unknown}"]
    return _wrapped(f"how sure: {report.verdict.confidence}: {'; '.join(seen)}", width, 3, first="")


def _changes(report: Report, width: int | None) -> Iterator[str]:
    """Return the changes; the effect and the risk are told where there is one only, else there is no room."""
    changes = report.recommendations
    alone = len(changes) == 1
    for number, change in enumerate(changes[:MOST_CHANGES], 1):
        if change.value_bytes is None:
            yield from _wrapped(f"do: {change.reason}", width, 3 if alone else 1, first="")
            for way in change.alternatives if alone else []:
                yield from _wrapped(f"instead: {way}", width, 2 if _roomy(report) else 1)
            continue
        yield _what(number, change, width)
        if alone:
            yield from _wrapped(f"effect: {change.expected_effect}", width, 3)
            yield from _wrapped(f"risk: {change.risk}", width, 2)
    if not changes and report.verdict.advice is not None:
        steps = [step for step in main.steps if not step.risk] if (main := _main(report)) is not None else []
        changing = [step for step in steps if step.undo]
        yield from _wrapped(f"do: {report.verdict.advice.do}", width, 2 if steps else 3, first="")
        for step in (changing or steps)[:1]:
            what = "Commands and undo" if step.undo else "Commands"
            yield from _wrapped(f"step: {step.says} {what} are in the report.", width, 3)
        yield from _wrapped(f"risk: {report.verdict.advice.risk}", width, 2)
    if len(changes) > MOST_CHANGES:
        yield f"change: {len(changes) - MOST_CHANGES} more, see the report"


def _roomy(report: Report) -> bool:
    """Say whether nothing takes more lines than usual: then every way that is left may take two."""
    main = _main(report)
    return not _without_bpf(report, 80) and len(main.culprits if main else []) <= MOST_CULPRITS


def _what(number: int, change: Recommendation, width: int | None) -> str:
    what = f"change {number}: {visible(change.setting)} of {_called(change)}"
    before = "no limit" if change.current_bytes is None else units.size(change.current_bytes)
    text = f"{what}: {before} → {units.exact_size(change.value_bytes)}"
    return "\n".join(_wrapped(text, width, 2, first=""))


def _next(report: Report, data: Path | None, width: int | None) -> Iterator[str]:
    """Return commands to copy, never wrapped nor cut; what each is for is added where there is room."""
    steps = []
    if data is not None and any(change.value_bytes is not None for change in report.recommendations):
        steps.append((f"diagnose apply {word(data)} --dry-run", "looks, changes nothing"))
    if report.verdict.status != "finding":
        steps.append(("measure again while the reads are slow", "a capture says nothing of other times"))
    if report.verdict.rule:
        steps.append((f"diagnose rules show {report.verdict.rule}", "what this verdict rests on"))
    for command, why in steps:
        line = f"next: {visible(command)}"
        yield line if width and columns(f"{line}  # {why}") > width else f"{line}  # {why}"


def _main(report: Report) -> Finding | None:
    return next((f for f in report.findings if f.rule == report.verdict.rule), None)


def _wrapped(text: str, width: int | None, most: int, first: str = _INDENT) -> list[str]:
    """Return a paragraph, indented but for its first line, in at most `most` lines where there is a width."""
    text = visible(text)
    if not text:
        return []
    if width is None:
        return [first + text]
    lines = textwrap.wrap(
        re.sub(r"(?<=\d) ", "\0", text), max(20, width), max_lines=most, placeholder=" …", initial_indent=first,
        subsequent_indent=_INDENT, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace("\0", " ") for line in lines]  # a number stays with its unit
