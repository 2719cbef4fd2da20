"""Names beside paths, in the sentences and in the tables of a report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.report.wording.names import Labels, short_ids

ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
WEB = f"/docker/{ID}"
NAMES = {WEB: "web1", "/system.slice/batch.service": "batch.service", "/dg/a": "a", "/dg/a/b": "b in a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{WEB} evicted 5 pages of /dg/svc.", "web1 (/docker/4f8a1c2e9b7d…) evicted 5 pages of /dg/svc."),
        (f"left for {WEB}: 1; {WEB} used 2", "left for web1 (/docker/4f8a1c2e9b7d…): 1; web1 used 2"),
        ("by /dg/a/b and /dg/a.", "by b in a (/dg/a/b) and a (/dg/a)."),
        ("memory.max of /dg/a's parent (/dg/a)", "memory.max of a (/dg/a)'s parent (a)"),
        ("/dg/a", "a (/dg/a)"),
        ("x/dg/a /dg/ab /dg/a/c /dg/a.b", "x/dg/a /dg/ab /dg/a/c /dg/a.b"),
        ("nobody", "nobody"),
    ],
)
def test_sentences(text, expected):
    assert Labels(NAMES).in_prose(text) == expected


def test_the_path_that_was_told_already_is_not_told_again():
    assert Labels(NAMES).in_prose("/dg/a took it from /dg/a/b", ["/dg/a"]) == "a took it from b in a (/dg/a/b)"


def test_a_name_that_two_bear_never_stands_alone():
    labels = Labels({"/docker/a": "web", "/podman/a": "web"})
    assert labels.in_prose("/docker/a, /docker/a, /podman/a") == "web (/docker/a), web (/docker/a), web (/podman/a)"


def test_without_names_nothing_changes():
    assert Labels({}).in_prose("/dg/a") == "/dg/a"


NAME = st.text(min_size=1, max_size=8)


@given(st.dictionaries(NAME, NAME, max_size=4), st.text(max_size=40))
def test_names_are_no_patterns_and_no_templates(names, text):
    assert isinstance(Labels(names).in_prose(text), str)
    for path, name in names.items():
        assert Labels({path: name}).in_prose(path) in (path, f"{name} ({short_ids(path)})")


def test_only_names_of_paths_that_the_report_speaks_of():
    measured = {"evictions": {"matrix": [{"evictor": WEB, "victim": "/dg/a", "cause": "/dg/a/b"}]}, "x": ["/dg/a/b"]}
    assert Labels(NAMES).used_in(measured, ["/system.slice/batch.service", "/no/name"]) == {
        WEB: "web1",
        "/dg/a": "a",
        "/system.slice/batch.service": "batch.service",
    }
