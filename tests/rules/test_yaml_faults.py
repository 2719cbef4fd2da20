"""What is no YAML is told in our words, the same whichever parser PyYAML has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from diagnose.errors import UsageError
from diagnose.rules import yaml_files

INDENTATION = "the line does not fit those above; check its indentation, and that each key ends in a colon"


@pytest.fixture(params=["libyaml", "python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "libyaml" and not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML was built without libyaml")
    loader = yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader
    monkeypatch.setattr(yaml_files, "_PARSER", loader)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a:\n\tb: 1", 2, "a tab; indent with spaces"),
        ("a: 1\n\tb: 2", 2, "a tab; indent with spaces"),
        ("a: x\n\t\nb: 1\n", 2, "a tab; indent with spaces"),
        ("when:\n  all:\n\t- {fact: x}", 3, "a tab; indent with spaces"),
        ("a: 1\n  b: 2\n", 2, INDENTATION),
        ("a:\n  - b\n c: 1", 3, INDENTATION),
        ("key 1\nid: 2", 2, INDENTATION),
        ("title: Reads: slow", 1, "a second `: ` on one line; put the text that holds it in quotes"),
        ("a: {reads.slow} were slow\nb: 1", 1, "text after }; a text that begins with a bracket is put in quotes"),
        ("µµ: x\na: 'x\nb: 1\n", 2, "the quote ' that begins here does not end; close it, or remove it"),
        ('µµ: x\na: "x\nb: 1\n', 2, 'the quote " that begins here does not end; close it, or remove it'),
        ('a: "\\q"', 1, r'within " a backslash is written \\; write the text within single quotes'),
        ("a: {b: 1\nc: 2\n", 1, "the { that begins here is not closed with }, or a comma is missing in it"),
        ("a: [1, 2\nb: 3", 1, "the [ that begins here is not closed with ], or a comma is missing in it"),
        ("a: {x: 1 y: 2}", 1, "the { that begins here is not closed with }, or a comma is missing in it"),
        ("a:\n- {", 2, "the { that begins here is not closed with }, or a comma is missing in it"),
        ("a: {b: c}}", 1, "the } ends nothing; remove it"),
        ("a: @x", 1, "a value cannot begin with @; put it in quotes"),
        ("a: %x", 1, "a value cannot begin with %; put it in quotes"),
        ("a: {fact: x, >: 1}", 1, "a value cannot begin with >; put it in quotes"),
        ("a: 1\nb: \x07", 2, "the control character U+0007; remove it"),
    ],
)
def test_the_cause_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as error:
        yaml_files.parse(text.encode(), Path("x.yaml"))
    assert str(error.value) == f"x.yaml:{line}: not valid YAML: {said}"


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize("text", ["[" * 3000, "a: " + "{b: " * 200])
def test_brackets_too_deep_are_told_by_our_limit(text: str) -> None:
    with pytest.raises(UsageError, match=r"x\.yaml:1: too large: .* nested at most 24 deep"):
        yaml_files.parse(text.encode(), Path("x.yaml"))
