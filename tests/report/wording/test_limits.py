"""A change in words: every value has some, cgroups are named as they are written, notes become comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, get_args

import pytest

from diagnose.analysis.limits import Limit
from diagnose.recommend import arithmetic as lines
from diagnose.recommend import effects as expected
from diagnose.recommend import reasons as grounds
from diagnose.recommend import risks as costs
from diagnose.recommend import ways as others
from diagnose.recommend.change import Change
from diagnose.recommend.commands import Command, Lasts, Note
from diagnose.recommend.reasons import Contains, NoSafeLimit
from diagnose.recommend.risks import LessUnderPressure, WayBack
from diagnose.recommend.room import Room
from diagnose.recommend.ways import RunElsewhere
from diagnose.report.wording import limits_arithmetic, limits_effects, limits_reasons, limits_risks, limits_ways
from diagnose.report.wording.limits import LASTS, NOTES, command, recommendation
from diagnose.report.wording.limits_needs import needs
from diagnose.report.wording.writer import Names

WEB = "/docker/4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
NAMES = Names({WEB: "web1", "/dg/svc": "checkout"})
MIB = 1 << 20


def members(union: Any) -> Iterator[Any]:
    """Yield the classes and the codes of a sum type, however deep."""
    for member in get_args(union) or [union]:
        if isinstance(member, str | type):
            yield member
        else:
            yield from members(member)


@pytest.mark.parametrize(
    ("union", "writers", "module"),
    [
        (lines.Line, (limits_arithmetic.line, needs), None),
        (grounds.Reason, (limits_reasons.reason,), limits_reasons),
        (grounds.Why, (limits_reasons.why,), limits_reasons),
        (expected.Effect, (limits_effects.effect,), limits_effects),
        (costs.Risk, (limits_risks.risk,), limits_risks),
        (others.Way, (limits_ways.way,), limits_ways),
    ],
)
def test_every_value_has_words(union: Any, writers: tuple[Any, ...], module: ModuleType | None) -> None:
    codes: Mapping[str, str] = vars(module)["_CODES"] if module else {}
    written = {kind for writer in writers for kind in writer.registry}
    missing = [m for m in members(union) if (m not in codes if isinstance(m, str) else m not in written)]
    assert not missing


def test_every_note_and_every_end_of_a_change_has_words() -> None:
    assert set(NOTES) == set(get_args(Note))
    assert set(LASTS) == set(get_args(Lasts))


def change(**parts: Any) -> Change:
    fields: dict[str, Any] = {
        "cgroup": WEB, "setting": "memory.high", "current_bytes": None, "value_bytes": 64 * MIB, "reason": "backstop",
        "arithmetic": (), "effect": "backstop", "risks": (),
    }  # fmt: skip
    return Change(**{**fields, **parts})


def test_the_cgroup_of_a_change_is_known_by_name_and_another_one_is_introduced_once_a_text() -> None:
    found = change(
        reason=Contains(WEB, "/dg/svc", 9000, 0, 3, "no-memory-low"),
        arithmetic=(Room(512 * MIB, Limit("/dg/svc", 5, "memory.max", 512 * MIB)),) * 2,
        ways=(RunElsewhere((WEB, "/dg/svc")),),
    )
    written = recommendation(found, NAMES)
    assert written.name == "web1"
    assert written.reason == (
        "web1 evicted 9,000 pages of checkout (/dg/svc) in 3 s; below this limit it reclaims its own pages first and "
        "leaves the service room for what it needs. On cgroup v1 nothing protects the service itself (there is no "
        "memory.low): this is all."
    )
    assert written.arithmetic == ["memory.max of checkout (/dg/svc), which they share, is 512 MiB"] * 2
    assert written.alternatives == ["run web1 and checkout (/dg/svc) on another host or at another time"]


def test_a_cgroup_without_a_name_is_written_as_its_path() -> None:
    written = recommendation(change(cgroup="/batch", reason=NoSafeLimit(("/batch",), "need-fits")), NAMES)
    assert written.name is None
    assert written.reason.startswith("No safe limit for /batch: what it needs")


def test_several_risks_are_one_text() -> None:
    written = recommendation(change(risks=(LessUnderPressure(MIB), WayBack("memory.high"))), NAMES)
    assert written.risk == (
        "1 MiB less for everybody else under memory pressure. The way back makes the kernel reclaim at once what is "
        "used above it by then."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Command("echo 5 > /a"), "echo 5 > /a"),
        (
            Command("echo max > /a", "docker-sets-no-unlimited"),
            "echo max > /a   # docker update cannot take a limit away",
        ),
        (Command("echo 5 > /a", "until-kubelet"), "echo 5 > /a   # until the kubelet writes it anew"),
        (Command("", "out-of-pod-spec"), "# take memory out of resources.limits in the container's spec again"),
    ],
)
def test_a_note_is_a_comment_of_the_shell(value: Command, text: str) -> None:
    assert command(value) == text


@pytest.mark.parametrize(
    ("until", "said"),
    [("systemd-runtime", "until the next boot"), ("container", "while the container exists"), ("kubelet", "kubelet")],
)
def test_how_long_a_change_lasts_is_told(until: Lasts, said: str) -> None:
    assert said in recommendation(change(lasts=until), NAMES).lasts
    assert recommendation(change(), NAMES).lasts == ""
