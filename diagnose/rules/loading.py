"""From folders of YAML to a `RuleSet`: later folders override earlier ones by id, or single thresholds by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from diagnose import resources
from diagnose.capture.faults import sentence
from diagnose.errors import UsageError
from diagnose.rules import conditions, schema
from diagnose.rules.check import Problem, did_you_mean, problems
from diagnose.rules.conditions import Part
from diagnose.rules.document import Document, Place, shown
from diagnose.rules.schema import Override, Rule

SYSTEM_FOLDER = Path("/etc/diagnose/rules.d")
WITHOUT_BPF = "without-bpf"
"""The folder within a folder of rules whose rules take the place of those of the same id where BPF is refused."""
MAX_FILES = 500
_SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class LoadedRule:
    """A rule, the values of its parameters as they apply here, and where both come from."""

    rule: Rule
    document: Document
    values: dict[str, float]
    changed: dict[str, Path]
    """Parameters whose value an override file changed, and that file."""

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
    found: dict[str, LoadedRule] = {}
    instead: dict[str, LoadedRule] = {}
    notes: list[str] = []
    folders = [resources.folder("rules")]
    if os.path.lexists(system):
        reason = _untrusted(system)
        if reason:
            notes.append(f"{system} was not read: {reason}")
        else:
            folders.append(system)
    for folder in [*folders, *extra]:
        _add_folder(found, folder)
        if (folder / WITHOUT_BPF).is_dir():
            _add_folder(instead, folder / WITHOUT_BPF)
    return RuleSet(_by_rank(found), tuple(notes), _by_rank(instead))


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
    if not folder.is_dir():
        raise UsageError(f"{folder}: not a folder; rules are read from folders of YAML files")
    try:
        files = sorted(p for p in folder.iterdir() if p.suffix in (".yaml", ".yml") and not p.name.startswith("."))
    except OSError as error:
        raise UsageError(f"{folder}: cannot list the rules: {error.strerror}") from error
    if len(files) > MAX_FILES:
        raise UsageError(f"{folder}: {len(files)} rule files; at most {MAX_FILES} are accepted")
    return files


def _add_folder(found: dict[str, LoadedRule], folder: Path) -> None:
    # Here, not above: who evaluates rules needs their shapes and words, and no YAML.
    from diagnose.rules.yaml_files import read

    for path in rule_files(folder):
        document = read(path)
        result, faults = interpret(document)
        if isinstance(result, Override):
            faults = faults or override_faults(result, found)
        if faults or result is None:
            raise UsageError("\n".join(document.describe(*fault) for fault in faults[:_SHOWN_PROBLEMS]))
        if isinstance(result, Override):
            found[result.overrides] = _overridden(found[result.overrides], result, path)
        else:
            values = {name: parameter.default for name, parameter in result.parameters.items()}
            found[result.id] = LoadedRule(result, document, values, {})


def override_faults(override: Override, found: dict[str, LoadedRule]) -> list[Problem]:
    """Return why an override has nothing to change."""
    base = found.get(override.overrides)
    if base is None:
        name = override.overrides
        return [(("overrides",), f"no rule `{name}` was loaded before{did_you_mean(name, found)}")]
    return [
        (("parameters", name), f"`{base.id}` has no such parameter{did_you_mean(name, base.values)}")
        for name in override.parameters
        if name not in base.values
    ]


def _overridden(base: LoadedRule, override: Override, path: Path) -> LoadedRule:
    changed = base.changed | dict.fromkeys(override.parameters, path)
    return replace(base, values=base.values | override.parameters, changed=changed)


def interpret(document: Document) -> tuple[Rule | Override | None, list[Problem]]:
    """Return the rule or override that a document holds, and all problems; with problems it must not be used."""
    if not isinstance(document.data, dict):
        return None, [((), "not a rule; a rule is a mapping that starts with its `id`")]
    model: type[Rule] | type[Override] = Override if "overrides" in document.data else Rule
    try:
        result = model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return None, [_problem(fault) for fault in details]
    name = result.overrides if isinstance(result, Override) else result.id
    faults = problems(result) if isinstance(result, Rule) else []
    if document.path.name != f"{name}.yaml":
        faults.insert(0, (("id",), f"the file must be named {name}.yaml, after the rule"))
    return result, faults


def _problem(fault: ErrorDetails) -> Problem:
    # The tags of the union of conditions are no keys of the file.
    place: Place = tuple(p for p in fault["loc"] if not str(p).startswith("condition:"))
    if fault["type"] == "extra_forbidden":
        key = str(place[-1])
        return place, f"`{shown(key)}` is not a key here{did_you_mean(key, _known_keys())}"
    if fault["type"] == "missing":
        return place, "missing; add it"
    return place, sentence(fault)


def _known_keys() -> set[str]:
    models = [m for m in (vars(schema) | vars(conditions)).values() if isinstance(m, type) and issubclass(m, Part)]
    return {field.alias or name for model in models for name, field in model.model_fields.items()}
