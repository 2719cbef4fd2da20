r"""Names read apart and lead back to themselves, whatever bytes they hold."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.spelling import kernel_name, printable, quoted
from diagnose.escape import visible
from diagnose.measure.bpf.maps import text

NAMES = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.lists(st.sampled_from([b"\\", b"x", b"1b", b"\x1b", b"5c", b"\\x1b", b"\xff", b"f", b"\xe2\x80\xae", b"a"]))
    .map(b"".join)
    .filter(bool),
).map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_"))


@given(NAMES)
@example(b"\\x1b")
@example(b"\\\x1b")
@example(b"\\x5cx1b")
def test_a_spelling_leads_back_to_its_name(raw: bytes) -> None:
    spelling = printable(os.fsdecode(raw))
    assert os.fsencode(kernel_name(spelling)) == raw
    assert spelling.isprintable()
    assert visible(spelling) == spelling


@given(NAMES, NAMES)
@example(b"\\x1b", b"\x1b")
@example(b"\\xe2\\xa0\\x80", "\u2800".encode())
@example(b"\\\\x1b", b"\\\x1b")
def test_two_names_are_never_spelled_alike(one: bytes, other: bytes) -> None:
    assert (printable(os.fsdecode(one)) == printable(os.fsdecode(other))) == (one == other)


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("checkout.service", "checkout.service"),
        ("\x1b", r"\x1b"),
        (r"\x1b", r"\x5cx1b"),
        (r"\x1B", r"\x5cx1B"),
        (r"\x5c", r"\x5cx5c"),
        (r"system-systemd\x2dcryptsetup.slice", r"system-systemd\x2dcryptsetup.slice"),
        (r"C:\new", r"C:\new"),
        ("\u2800", r"\xe2\xa0\x80"),
        ("caf\u00e9", "caf\u00e9"),
    ],
)
def test_what_can_be_seen_stays(name: str, spelling: str) -> None:
    assert printable(name) == spelling
    assert kernel_name(spelling) == name


@pytest.mark.parametrize("spelling", [r"\xzz", r"a\x", "\ud800", "\\x1b\ud800", r"\x2d"])
def test_what_printable_never_wrote_is_left_as_it_is(spelling: str) -> None:
    assert kernel_name(spelling) == spelling


@given(NAMES)
@example(b"it's \\ \x1b\x07")
@example(b"\x1bf")
@example(b"-n")
def test_a_shell_finds_the_name_back(raw: bytes) -> None:
    word = quoted(printable(os.fsdecode(raw)))
    assert visible(word) == word
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout == raw


def test_a_plain_name_is_quoted_as_ever() -> None:
    assert quoted("/sys/fs/cgroup/dg/a b") == "'/sys/fs/cgroup/dg/a b'"
    assert quoted("/sys/fs/cgroup/dg/svc") == "/sys/fs/cgroup/dg/svc"
    assert quoted(r"/dg/\x5cx1b") == r"'/dg/\x1b'"
    assert quoted(r"/dg/\x1b") == r"$'/dg/\x1b'"


def test_a_capture_takes_the_longest_path_there_can_be() -> None:
    path = "/" + printable("\x1b" * 4094)
    assert CgroupRecord(id=2, path=path, name=path).path == path


def test_names_from_the_kernel_are_spelled_like_those_from_files() -> None:
    assert text(b"a\x1b\xff\0left over") == printable(os.fsdecode(b"a\x1b\xff"))
    assert text(rb"a\x1b") == r"a\x5cx1b"
