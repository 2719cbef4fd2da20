"""Rule files are strangers: whatever their content, the answer is data or a UsageError, quickly."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.errors import UsageError
from diagnose.rules.interpret import interpret
from diagnose.rules.yaml_files import MAX_BYTES, parse, read
from tests.helpers.own_rules import shipped_shared
from tests.helpers.paths import CHECKOUT

SHIPPED = CHECKOUT / "rules" / "page-cache-noisy-neighbour.yaml"

BOMB = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 8)}]\n" for i in range(8)
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB, "anchors and aliases are not accepted"),
        ("a: *nowhere", "anchors and aliases are not accepted"),
        ("base: &base {a: 1}\nb: {<<: *base}", "anchors and aliases are not accepted"),
        ("a: !!python/object/apply:os.system [id]", "tag"),
        ("!!set {a, b}", "tag"),
        ("id: a\nid: b", "`id` is given twice"),
        ("[" * 3000, "nested at most 24 deep"),
        ("a: " + "{b: " * 200, "nested at most 24 deep"),
        ("- x\n" * 30_000, "too large"),
        ("a: " + "x" * 20_000, "at most"),
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("a: 1\n---\nb: 2\n", "one rule a file"),
        ("a: {b", "not valid YAML: the { that begins here"),
        ("? [a, b]\n: c", "a plain word"),
    ],
)
def test_what_is_refused_and_why(content: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as error:
        parse(content.encode(), Path("x.yaml"))
    assert str(error.value).startswith("x.yaml")
    assert str(error.value).isprintable()


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        parse(b"a: \xff\xfe", Path("x.yaml"))


def test_plain_words_stay_what_they_look_like() -> None:
    document = parse(b"a: [0x10, on, 1_000, 2026-01-01, 1e-3, -7, ~, '5', true, 1:30]", Path("x"))
    assert document.data["a"] == ["0x10", "on", "1_000", "2026-01-01", 0.001, -7, None, "5", True, "1:30"]


def test_places_have_lines() -> None:
    document = parse(b"a:\n  - b: 1\n  - c:\n      d: 2\n", Path("x.yaml"))
    assert document.line(("a", 1, "c", "d")) == 4
    assert document.line(("a", 1, "c", "nothing")) == 3
    assert document.describe(("a", 1, "c"), "is bad") == "x.yaml:3: a[1].c: is bad"


def test_control_characters_do_not_reach_the_terminal() -> None:
    document = parse(b'"\\e[31mred": 1', Path("x.yaml"))
    _, problems = interpret(document, shipped_shared())
    assert problems
    assert all(document.describe(*problem).isprintable() for problem in problems)


def test_files_that_are_none(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe.yaml", tmp_path / "large.yaml"
    os.mkfifo(pipe)
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    for path, said in ((pipe, "regular"), (large, "larger"), (tmp_path / "no.yaml", "No such file"), (tmp_path, ".")):
        with pytest.raises(UsageError, match=said):
            read(path)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_content_is_data_or_a_usage_error(content: bytes) -> None:
    with suppress(UsageError):
        interpret(parse(content, Path("x.yaml")), shipped_shared())


KEYS = st.sampled_from(
    ["all", "any", "not", "fact", "series", "for_each", "two_modes", "moves_together", "on_off", "is"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["$slow_share", "_x5"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_change_of_a_real_rule_is_answered(data: st.DataObject) -> None:
    """Replace one value of a shipped rule, at any depth, by anything: problems are named, nothing is raised."""
    rule = parse(SHIPPED.read_bytes(), SHIPPED).data
    where, key = rule, data.draw(st.sampled_from(sorted(rule)))
    while isinstance(where[key], (dict, list)) and where[key] and data.draw(st.booleans()):
        where = where[key]
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
    where[key] = data.draw(VALUES)
    try:
        document = parse(yaml.safe_dump(rule, sort_keys=False).encode(), SHIPPED)
    except UsageError:
        return
    _, problems = interpret(document, shipped_shared())
    for problem in problems:
        assert document.describe(*problem).startswith(str(SHIPPED))
