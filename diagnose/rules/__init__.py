"""Rules: declarative descriptions of causes, in YAML. Their schema, loading, lint, embedded tests and explanation.

`yaml_files` reads bounded YAML into a `document`, `schema` is the shape, `check` what the shape cannot say, `loading`
folders to a `RuleSet`, `notation` and `testing` the lint and the tests that rules carry, `wording` and `explain` turn
rules into English. Imported here is what a report is made with.
"""

from diagnose.rules.loading import LoadedRule, RuleSet, load_rules
from diagnose.rules.schema import Rule

__all__ = ["LoadedRule", "Rule", "RuleSet", "load_rules"]
