"""What is wrong with a value is said in our words, whatever pydantic's are."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator
from pydantic_core.core_schema import ErrorType

from diagnose.capture import faults


class Sample(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    count: int = Field(default=0, ge=0, le=9)
    name: str = Field(default="aa", min_length=2, max_length=3, pattern="^a")
    share: float = 0.0
    rows: list[int] = Field(default_factory=list, max_length=1)
    ours: str = ""

    @field_validator("ours")
    @classmethod
    def _ours(cls, value: str, info: ValidationInfo) -> str:
        if value:
            raise ValueError("leave it empty")
        return value


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", "1", "must be a whole number"),
        ("count", -1, "must be at least 0"),
        ("count", 10, "must be at most 9"),
        ("name", 1, "must be text"),
        ("name", "a", "must have at least 2 characters"),
        ("name", "aaaa", "must have at most 3 characters"),
        ("name", "ba", "does not match the pattern ^a"),
        ("share", float("inf"), "must be a finite number"),
        ("share", "x", "must be a number"),
        ("rows", {}, "must be a list"),
        ("rows", [1, 2], "must have at most 1 entries; it has 2"),
        ("ours", "x", "leave it empty"),
        ("unheard_of", 1, "is not a key here"),
    ],
)
def test_the_sentence_is_ours(field: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Sample.model_validate({field: value})
    (fault,) = error.value.errors()
    assert faults.sentence(fault) == said


def test_every_word_is_for_a_kind_that_pydantic_has() -> None:
    assert set(faults._WORDS) <= set(get_args(ErrorType))


def test_a_kind_without_words_is_named() -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(bytes).validate_python(1)
    assert faults.sentence(error.value.errors()[0]) == "cannot be used (bytes_type)"
