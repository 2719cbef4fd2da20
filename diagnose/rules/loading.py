"""From folders of YAML to a `RuleSet`: later folders override earlier ones by id, or single thresholds by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from diagnose import resources
from diagnose.errors import UsageError
from diagnose.rules import amounts
from diagnose.rules.document import Document, Problem, shown
from diagnose.rules.interpret import interpret
from diagnose.rules.schema import Override, Parameter, Rule, SharedFile
from diagnose.rules.shared import SHARED, SHARED_FILE, Shared
from diagnose.rules.suggest import did_you_mean

SYSTEM_FOLDER = Path("/etc/diagnose/rules.d")
WITHOUT_BPF = "without-bpf"
"""The folder within a folder of rules whose rules take the place of those of the same id where BPF is refused."""
MAX_FILES = 500
SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class LoadedRule:
    """A rule, the values of its parameters as they apply here, and where both come from."""

    rule: Rule
    document: Document
    values: dict[str, float]
    changed: dict[str, Path]
    """Parameters whose value an override file changed, and that file."""
    inherited: Mapping[str, Path] = field(default_factory=dict)
    """Parameters that the rule does not declare itself, and the `shared.yaml` that does."""

    @property
    def id(self) -> str:
        return self.rule.id


@dataclass(frozen=True)
class RuleSet:
    """The rules that apply, by rank then id, and notes on what was not loaded and why."""

    rules: tuple[LoadedRule, ...]
    notes: tuple[str, ...] = ()
    instead: tuple[LoadedRule, ...] = ()
    """What takes the place of the rules of the same id for a capture that was made without BPF."""

    def __iter__(self) -> Iterator[LoadedRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def without_bpf(self) -> RuleSet:
        """Return the rules for a capture that was made without BPF."""
        rules = {loaded.id: loaded for loaded in self.rules} | {loaded.id: loaded for loaded in self.instead}
        return RuleSet(_by_rank(rules), self.notes)

    def get(self, rule_id: str) -> LoadedRule:
        """Return the rule with this id; raises UsageError naming the nearest one."""
        for loaded in self.rules:
            if loaded.id == rule_id:
                return loaded
        ids = [loaded.id for loaded in self.rules]
        hint = did_you_mean(rule_id, ids) or f"; there are {', '.join(ids)}"
        raise UsageError(f"no rule has the id `{shown(rule_id)}`{hint}")


def load_rules(extra: Sequence[Path] = (), *, system: Path = SYSTEM_FOLDER) -> RuleSet:
    """Load the shipped rules, then the host's own (`system`, when only root can have written them), then `extra`.

    Raises UsageError with every problem of the first file that has any.
    """
    notes: list[str] = []
    folders = [resources.folder("rules")]
    if os.path.lexists(system):
        reason = _untrusted(system)
        if reason:
            notes.append(f"{system} was not read: {reason}")
        else:
            folders.append(system)
    both = Both()
    for folder in [*folders, *extra]:
        if folder in extra and not any(map(rule_files, parts(folder))):
            notes.append(no_rules(folder))
        for messages in both.add(folder):
            if messages:
                raise UsageError("\n".join(messages[:SHOWN_PROBLEMS]))
    return RuleSet(_by_rank(both.with_bpf.rules), tuple(notes), _by_rank(both.without_bpf.rules))


def _by_rank(rules: dict[str, LoadedRule]) -> tuple[LoadedRule, ...]:
    return tuple(sorted(rules.values(), key=lambda r: (r.rule.rank, r.id)))


def _untrusted(folder: Path) -> str | None:
    """Return why somebody other than root may have written these rules; a report may lead root to change limits."""
    inner = folder / WITHOUT_BPF
    try:
        within = (inner, *rule_files(inner)) if inner.is_dir() else ()
        for path in (folder.parent, folder, *rule_files(folder), *within):
            status = path.lstat()
            if status.st_uid != 0 or status.st_mode & 0o022 or path.is_symlink():
                return f"{path} must be root's, no link, and writable by nobody else (chown root, chmod go-w)"
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return None


def rule_files(folder: Path) -> list[Path]:
    """Return the rule files of a folder, sorted; raises UsageError when it is none, or has far too many."""
    if folder.is_file():
        raise UsageError(f"{folder}: a file, not a folder; name the folder that it is in, {folder.parent}")
    if not folder.is_dir():
        raise UsageError(f"{folder}: not a folder; rules are read from folders of YAML files")
    try:
        files = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and not p.name.startswith("."))
    except OSError as error:
        raise UsageError(f"{folder}: cannot list the rules: {error.strerror}") from error
    if len(files) > MAX_FILES:
        raise UsageError(f"{folder}: {len(files)} rule files; at most {MAX_FILES} are accepted")
    return files


def parts(folder: Path) -> list[Path]:
    """Return a folder of rules, and the one within it for hosts that refuse BPF."""
    inner = folder / WITHOUT_BPF
    return [folder, inner] if inner.is_dir() else [folder]


def no_rules(folder: Path) -> str:
    """Say that a folder has no rules, and why that may be."""
    others = sum(1 for path in folder.iterdir() if not path.name.startswith("."))
    found = f" (other files: {others})" if others else ""
    return f"{folder}: no rules in it{found}; a rule is a file that ends in .yaml"


# ---------------------------------------------------------------- one file after the other


@dataclass
class Collection:
    """Rules by id and what they share, as file after file adds to them."""

    rules: dict[str, LoadedRule] = field(default_factory=dict)
    shared: Shared = field(default_factory=Shared)
    documents: dict[Path, Document] = field(default_factory=dict)

    def add(self, path: Path) -> list[str]:
        """Add what a file holds. Returns what is wrong with it, a message a fault; nothing of it was added then."""
        # Here, not above: who evaluates rules needs their shapes and words, and no YAML.
        from diagnose.rules.yaml_files import read

        if path.suffix != ".yaml":
            return [f"{path}:1: a rule must be named after its id and end in .yaml; name it {path.stem}.yaml"]
        try:
            document = self.documents[path] = read(path)
        except UsageError as error:
            return [str(error)]
        held, faults = interpret(document, self.shared)
        if isinstance(held, Override) and not faults:
            faults = self._override(held, path)
        elif isinstance(held, SharedFile) and not faults:
            self.shared = self.shared.joined(held, path)
        elif isinstance(held, Rule) and not faults:
            self.rules[held.id] = _loaded(held, document, self.shared)
        return [document.describe(*fault) for fault in faults]

    def _override(self, override: Override, path: Path) -> list[Problem]:
        name, base = override.overrides, self.rules.get(override.overrides)
        if base is None and name != SHARED:
            return [(("overrides",), f"no rule `{name}` was loaded before{did_you_mean(name, self.rules)}")]
        parameters = base.rule.parameters if base else self.shared.parameters
        values, faults = _override_values(override, parameters)
        if base and not faults:
            self.rules[name] = _changed(base, values, path)
        elif not faults:
            self.shared = self.shared.overridden(values, path)
            for loaded in self.rules.values():
                self.rules[loaded.id] = _changed(loaded, _shared_values(loaded, values), path)
        return faults


def _loaded(rule: Rule, document: Document, shared: Shared) -> LoadedRule:
    inherited = {n: shared.declared[n] for n in rule.parameters if ("parameters", n) not in document.lines}
    values = {name: parameter.default for name, parameter in rule.parameters.items()}
    changed = {name: shared.changed[name] for name in inherited if name in shared.changed}
    return LoadedRule(rule, document, values | {n: shared.values[n] for n in inherited}, changed, inherited)


def _override_values(override: Override, parameters: Mapping[str, Parameter]) -> tuple[dict[str, float], list[Problem]]:
    """Return the values in the units of what they override, and why some cannot be."""
    values: dict[str, float] = {}
    faults: list[Problem] = []
    for name, value in override.parameters.items():
        if name not in parameters:
            what = f"`{override.overrides}` has no such parameter{did_you_mean(name, parameters)}"
            faults.append((("parameters", name), what))
            continue
        try:
            values[name] = amounts.amount(value, parameters[name].unit) if isinstance(value, str) else float(value)
        except ValueError as error:
            faults.append((("parameters", name), str(error)))
    return values, faults


def _shared_values(loaded: LoadedRule, values: Mapping[str, float]) -> dict[str, float]:
    """Return those of a rule's values that follow the shared ones: not its own, nor those changed for it alone."""
    alone = {name for name, path in loaded.changed.items() if path.stem == loaded.id}
    return {name: value for name, value in values.items() if name in loaded.inherited and name not in alone}


def _changed(base: LoadedRule, values: Mapping[str, float], path: Path) -> LoadedRule:
    return replace(base, values={**base.values, **values}, changed=base.changed | dict.fromkeys(values, path))


@dataclass
class Both:
    """The rules for hosts that let BPF in and those for hosts that refuse it; what is shared holds for both."""

    with_bpf: Collection = field(default_factory=Collection)
    without_bpf: Collection = field(default_factory=Collection)

    def add(self, folder: Path) -> Iterator[list[str]]:
        """Add the rules of a folder; yields, file after file, what is wrong with it."""
        for path in shared_first(rule_files(folder)):
            yield self.with_bpf.add(path)
            if path.name == SHARED_FILE and SHARED not in self.with_bpf.rules:
                self.without_bpf.add(path)
        if (folder / WITHOUT_BPF).is_dir():
            for path in shared_first(rule_files(folder / WITHOUT_BPF)):
                yield self.without_bpf.add(path)


def shared_first(files: list[Path]) -> list[Path]:
    """Return rule files in the order in which they are read: what the others may use comes first."""
    return sorted(files, key=lambda path: path.name != SHARED_FILE)
