"""Every string of a capture says what it gives away; one that does not is found here and refused by redaction."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import create_model

from diagnose.capture.base import Model
from diagnose.capture.model import Capture
from diagnose.capture.redact.fields import rewrite, strings
from diagnose.capture.strings import Gives, Text
from tests.helpers.planted_names import CAPTURES, fixed_places


class Inner(Model):
    name: Annotated[str, Gives("comm")]


class Outer(Model):
    inner: list[Inner]
    one: Inner | None
    none: Inner | None
    keyed: dict[Annotated[str, Gives("word")], list[int | None]]
    column: list[Annotated[str, Gives("device")]] | None
    op: Literal["read"] = "read"


def test_every_string_of_a_capture_is_declared() -> None:
    undeclared = [where for where, kind in strings(Capture) if kind is None]
    assert undeclared == [], "say in capture/strings.py what these give away"


def test_what_the_walk_takes_for_fixed_words_is_what_the_model_refuses_to_change() -> None:
    walked = {where for where, _ in strings(Capture)}
    assert CAPTURES
    assert fixed_places()
    assert not walked & fixed_places()


@pytest.mark.parametrize(
    "hint",
    [
        str, Text, list[str], str | None, dict[str, int], dict[int, str], Any, object, int | str,
        Annotated[str, Gives("comm"), Gives("file")],
    ],
)  # fmt: skip
def test_a_new_string_field_without_a_declaration_is_found_and_refused(hint: Any) -> None:
    grown_model = create_model("Grown", __base__=Model, count=(int, 1), op=(Literal["read"], "read"), added=(hint, ...))
    values = {list[str]: ["x"], dict[str, int]: {"x": 1}, dict[int, str]: {1: "x"}}
    assert {where.rstrip("[]{}") for where, kind in strings(grown_model) if kind is None} == {".added"}
    grown = grown_model(added=values.get(hint, "x"))
    with pytest.raises(TypeError, match="does not say what it gives away"):
        rewrite(grown, lambda kind, text: "y")


def test_strings_are_replaced_wherever_they_stand() -> None:
    outer = Outer(inner=[Inner(name="a")], one=Inner(name="b"), none=None, keyed={"k": [1, None]}, column=["d", "d"])
    got = rewrite(outer, lambda kind, text: f"{kind}:{text}").model_dump()
    assert got == {
        "inner": [{"name": "comm:a"}],
        "one": {"name": "comm:b"},
        "none": None,
        "keyed": {"word:k": [1, None]},
        "column": ["device:d", "device:d"],
        "op": "read",
    }
