"""Rules: declarative descriptions of causes, in YAML. Their schema, loading, lint, embedded tests and explanation.

`document` reads bounded YAML, `schema` is the shape, `check` what the shape cannot say, `loading` folders to a
`RuleSet`, `notation` and `testing` the tests that rules carry, `wording` and `explain` turn rules into English.
"""

from diagnose.rules.explain import explain, list_rules, reference
from diagnose.rules.loading import SYSTEM_FOLDER, LoadedRule, RuleSet, load_rules
from diagnose.rules.schema import Rule
from diagnose.rules.testing import TestFacts, TestOutcome, lint, run_tests

__all__ = [
    "SYSTEM_FOLDER",
    "LoadedRule",
    "Rule",
    "RuleSet",
    "TestFacts",
    "TestOutcome",
    "explain",
    "lint",
    "list_rules",
    "load_rules",
    "reference",
    "run_tests",
]
