"""Rules: declarative descriptions of causes, in YAML. Their schema, loading, lint and embedded tests.

`yaml_files` reads bounded YAML into a `document`, `schema` is the shape, `check` what the shape cannot say, `loading`
folders to a `RuleSet`, `notation` how the tests that rules carry write facts, `templates` what may stand in a rule's
sentences. Imported here is what a report is made with.
"""

from diagnose.rules.loading import LoadedRule, RuleSet, load_rules
from diagnose.rules.schema import Rule

__all__ = ["LoadedRule", "Rule", "RuleSet", "load_rules"]
