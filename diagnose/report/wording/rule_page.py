"""A rule for people: `diagnose rules show ID` and `diagnose rules list` (pure)."""

from __future__ import annotations

from diagnose.analysis import facts
from diagnose.report.wording.conditions import outline, quantity
from diagnose.rules.loading import LoadedRule, RuleSet
from diagnose.rules.schema import Rule


def list_rules(rules: RuleSet) -> list[tuple[str, str]]:
    """Return (id, title) of every rule, in the order in which they rank."""
    return [(loaded.id, loaded.rule.title) for loaded in rules]


def explain(loaded: LoadedRule) -> str:
    """Return all that a rule says, in Markdown: its reason, thresholds, conditions, and the measurements it needs."""
    rule = loaded.rule
    sections = [
        f"# {rule.title}",
        f"`{rule.id}`, {'a finding' if rule.then.verdict == 'finding' else 'a clean bill of health'}",
        rule.why.strip(),
        "## It fires when\n\n" + "\n".join(outline(rule.when, loaded.values)),
        _mechanisms(loaded),
        _order(loaded.rule),
        _parameters(loaded),
        _facts(loaded),
        _list("References", rule.references),
        f"Defined in {loaded.document.path}",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _mechanisms(loaded: LoadedRule) -> str:
    if not loaded.rule.mechanisms:
        return ""
    lines = ["## Mechanisms", "", "At least one must hold; two independent direct ones make the confidence high.", ""]
    for name, mechanism in loaded.rule.mechanisms.items():
        lines.append(f"- `{name}` ({mechanism.kind}):")
        lines += outline(mechanism.is_, loaded.values, depth=1)
    return "\n".join(lines)


def _order(rule: Rule) -> str:
    """Return what decides where the finding stands among others."""
    lines = []
    if rule.explains:
        proven = f", where mechanism `{rule.explains_if}` holds" if rule.explains_if else ""
        named = ", ".join(f"`{r}`" for r in rule.explains)
        lines.append(f"These are consequences of it and come after it{proven}: {named}.")
    if rule.accounts_for:
        share, whole = rule.accounts_for.share, rule.accounts_for.of
        lines.append(f"It accounts for `{share}` of the {whole}; what accounts for more of them comes first.")
    return "## Among other findings\n\n" + "\n".join(lines) if lines else ""


def _parameters(loaded: LoadedRule) -> str:
    if not loaded.rule.parameters:
        return ""
    lines = ["## Parameters", "", "| name | value | default | declared in | why |", "|---|---|---|---|---|"]
    for name, parameter in loaded.rule.parameters.items():
        value = quantity(loaded.values[name], parameter.unit)
        if name in loaded.changed:
            value += f" (set in {loaded.changed[name]})"
        why = " ".join(parameter.help.split()).replace("|", "\\|")
        default, where = quantity(parameter.default, parameter.unit), loaded.inherited.get(name, "this rule")
        lines.append(f"| `{name}` | {value} | {default} | {where} | {why} |")
    return "\n".join(lines)


def _facts(loaded: LoadedRule) -> str:
    lines = ["## It needs", "", "| fact | unit | probe | meaning |", "|---|---|---|---|"]
    weighed = [loaded.rule.accounts_for.share] if loaded.rule.accounts_for else []
    for name in dict.fromkeys([*loaded.rule.facts(), *weighed]):
        spec = facts.FACTS[name]
        lines.append(f"| `{name}` | {spec.unit} | {spec.probe} | {spec.help} |")
    return "\n".join(lines)


def _list(title: str, lines: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def reference() -> str:
    """Return the vocabulary of rules, every fact by its name with its unit, kind and probe, as a Markdown table."""
    lines = ["| fact | unit | kind | of | probe | meaning |", "|---|---|---|---|---|---|"]
    for spec in sorted(facts.FACTS.values(), key=lambda spec: spec.name):
        lines.append(f"| `{spec.name}` | {spec.unit} | {spec.kind} | {spec.scope} | {spec.probe} | {spec.help} |")
    return "\n".join(lines) + "\n"
