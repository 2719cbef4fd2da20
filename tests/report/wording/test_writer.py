"""Cgroups in a text: named at the first mention, short after it."""

from __future__ import annotations

from diagnose.report.wording.writer import Names, enumeration

WEB = "/docker/4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"


def test_the_first_mention_has_name_and_path_and_the_next_the_name_alone() -> None:
    writer = Names({WEB: "web1"}).writer()
    assert [writer.cgroup(WEB), writer.cgroup(WEB)] == ["web1 (/docker/4f8a1c2e9b7d…)", "web1"]


def test_what_the_reader_knows_already_is_not_explained_again() -> None:
    assert Names({"/dg/a": "a"}).writer(["/dg/a"]).cgroup("/dg/a") == "a"


def test_a_name_that_two_bear_never_stands_alone() -> None:
    writer = Names({"/docker/a": "web", "/podman/a": "web"}).writer()
    assert (
        writer.cgroups(["/docker/a", "/docker/a", "/podman/a"])
        == "web (/docker/a), web (/docker/a) and web (/podman/a)"
    )


def test_without_a_name_the_path_stands() -> None:
    assert Names({}).writer().cgroup("/dg/a") == "/dg/a"


def test_enumerations() -> None:
    assert [enumeration([]), enumeration("a"), enumeration("ab"), enumeration("abc")] == [
        "none",
        "a",
        "a and b",
        "a, b and c",
    ]
