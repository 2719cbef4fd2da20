import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import paths
from diagnose.errors import UsageError


@pytest.mark.parametrize(
    ("raw", "spelt"),
    [
        ("checkout.service", "checkout.service"),
        ("café x", "café x"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("bad\udcff", r"bad\xff"),
        ("\u202eevil", r"\xe2\x80\xaeevil"),
    ],
)
def test_printable_spells_what_a_terminal_should_not_see(raw, spelt):
    assert paths.printable(raw) == spelt


@given(st.text(st.characters(exclude_categories=())))
def test_printable_gives_one_printable_line_that_json_can_carry(text):
    line = paths.printable(text)
    assert line.isprintable()
    assert json.loads(json.dumps(line).encode("utf-8")) == line


@given(st.text(st.characters(exclude_categories=())))
def test_a_path_is_refused_in_one_line_or_stays_inside(text):
    parts, refusal = [], ""
    try:
        parts = paths.components(text)
    except UsageError as error:
        refusal = str(error)
    assert refusal.isprintable()
    assert not {"", ".", ".."} & set(parts)
    assert refusal or paths.components(paths.normal(text)) == parts


@pytest.mark.parametrize("text", ["../..", "/a/../b", "/.", "a\0b", "/" + "x/" * 3000, "é" * 3000])
def test_paths_that_lead_out_or_nowhere_are_refused(text):
    with pytest.raises(UsageError, match=r"cgroup '"):
        paths.components(text)


def test_ancestors_end_in_the_root_nearest_first():
    assert paths.ancestors("/a/b/c") == ["/a/b", "/a", "/"]
    assert paths.ancestors("/") == []


def test_is_within_goes_by_whole_names():
    assert paths.is_within("/a/b", "/a")
    assert paths.is_within("/a", "/a")
    assert paths.is_within("/a", "/")
    assert not paths.is_within("/ab", "/a")


def test_shown_cuts_long_names_and_says_how_long():
    assert paths.shown("x" * 300, limit=5) == "'xxxxx…' (300 characters)"
