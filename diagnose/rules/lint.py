"""`diagnose rules lint`: what is wrong with the rules of a folder, and what would make them better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from diagnose import resources
from diagnose.errors import UsageError
from diagnose.rules.document import Problem
from diagnose.rules.loading import WITHOUT_BPF, Both, Collection, LoadedRule, no_rules, parts, rule_files, shared_first
from diagnose.rules.reach import beyond_reach, unreachable
from diagnose.rules.schema import Parameter, Rule
from diagnose.rules.shared import SHARED_FILE


@dataclass(frozen=True)
class Message:
    """One line with file, line and key. A remark is no error: the rule works, and could be better."""

    text: str
    remark: bool = False


def lint(folder: Path) -> list[Message]:
    """Return the errors in the rules of a folder, then the remarks; raises UsageError where there are no rules."""
    collections, faults = loaded_with_shipped(folder)
    messages = [Message(text) for text in faults]
    for part, collection in collections:
        messages += _look_at(part, collection)
    return sorted(dict.fromkeys(messages), key=lambda message: message.remark)


def loaded_with_shipped(folder: Path) -> tuple[list[tuple[Path, Collection]], list[str]]:
    """Load the shipped rules and those of a folder.

    Returns the folder and, if it has one, that for hosts that refuse BPF, each with the rules that apply there; and
    what is wrong with the folder's files, a message a fault. Raises UsageError where it has no rules.
    """
    if not any(map(rule_files, parts(folder))):
        raise UsageError(no_rules(folder))
    both = Both()
    for _ in both.add(resources.folder("rules")):
        pass
    if folder.resolve().name == WITHOUT_BPF:
        faults = [fault for path in shared_first(rule_files(folder)) for fault in both.without_bpf.add(path)]
        return [(folder, both.without_bpf)], faults
    faults = [fault for faults in both.add(folder) for fault in faults]
    return list(zip(parts(folder), (both.with_bpf, both.without_bpf), strict=False)), faults


def of_folder(collection: Collection, folder: Path) -> list[LoadedRule]:
    """Return the rules of a collection that a folder's files hold."""
    return [loaded for loaded in collection.rules.values() if loaded.document.path.parent == folder]


# ---------------------------------------------------------------- errors and remarks


def _look_at(folder: Path, collection: Collection) -> Iterator[Message]:
    for loaded in of_folder(collection, folder):
        errors = unreachable(loaded.rule, loaded.values) + _beyond(loaded)
        yield from (Message(loaded.document.describe(*found)) for found in errors)
        yield from (Message(loaded.document.describe(*found, "remark"), remark=True) for found in _remarks(loaded))
    for loaded in collection.rules.values():
        yield from _overridden_beyond(loaded, folder, collection)
    if document := collection.documents.get(folder / SHARED_FILE):
        own = {n: p for n, p in collection.shared.parameters.items() if ("parameters", n) in document.lines}
        yield from (Message(document.describe(*found, "remark"), remark=True) for found in _unreasoned(own))


def _beyond(loaded: LoadedRule) -> list[Problem]:
    """Return the thresholds of a rule that no fact reaches, where the rule declares them; else where it uses them."""
    return [
        (place if name in loaded.inherited else ("parameters", name, "default"), what)
        for place, name, what in beyond_reach(loaded.rule, loaded.values)
        if name not in loaded.changed
    ]


def _overridden_beyond(loaded: LoadedRule, folder: Path, collection: Collection) -> Iterator[Message]:
    """Yield the thresholds that no fact reaches since a file of the folder gave them another value."""
    for _, name, what in beyond_reach(loaded.rule, loaded.values):
        path = loaded.changed.get(name)
        if path is not None and path.parent == folder:
            yield Message(collection.documents[path].describe(("parameters", name), what))


def _remarks(loaded: LoadedRule) -> list[Problem]:
    rule = loaded.rule
    own = {name: parameter for name, parameter in rule.parameters.items() if name not in loaded.inherited}
    found = [*_untested(rule), *_unreasoned(own)]
    if not rule.references:
        found.append((("references",), "missing; cite where the thresholds and the mechanism come from"))
    return found


def _untested(rule: Rule) -> Iterator[Problem]:
    outcomes = {test.expect.outcome for test in rule.tests}
    wanted = {"fires": "in which it fires", "quiet": "in which it stays quiet", "unknown": "with data missing"}
    for outcome, what in wanted.items():
        if outcome not in outcomes:
            yield ("tests",), f"no test {what} (`outcome: {outcome}`); add one"


def _unreasoned(parameters: dict[str, Parameter]) -> Iterator[Problem]:
    for name, parameter in parameters.items():
        if len(parameter.help.split()) < 5:
            yield ("parameters", name, "help"), "does not justify the threshold; say why this value"
