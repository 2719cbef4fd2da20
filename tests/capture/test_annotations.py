"""Every start makes the models anew: nothing is left to be compiled for them."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from diagnose.capture import model as capture
from diagnose.capture import tables
from diagnose.change import model as change
from diagnose.report import model as report
from diagnose.report.measurements import cache_models, eviction_models, host_models, read_models
from diagnose.report.measurements import model as measurements
from diagnose.rules import schema

MODULES = (
    cache_models, capture, change, eviction_models, host_models, measurements, read_models, report, schema, tables,
)  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_annotations_are_types_and_no_texts_that_pydantic_must_evaluate(module: ModuleType) -> None:
    models = [m for m in vars(module).values() if hasattr(m, "model_fields") and m.__module__ == module.__name__]
    annotations = [hint for model in models for hint in inspect.get_annotations(model).values()]
    assert annotations
    assert not [hint for hint in annotations if isinstance(hint, str)]
