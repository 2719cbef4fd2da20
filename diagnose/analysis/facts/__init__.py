"""What rules may speak of, one file a subject; `vocabulary.py` says what a fact is and keeps them (pure)."""

import pkgutil
from importlib import import_module

from diagnose.analysis.facts.vocabulary import FACTS, Facts, FactSpec, Missing, fact, neighbour_fact

__all__ = ["FACTS", "FactSpec", "Facts", "Missing", "fact", "neighbour_fact"]

# Importing a subject registers its facts; no list of subjects is kept.
for _file in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_file.name}")
