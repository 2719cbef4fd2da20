"""Rooms and those who give some of theirs: the host, or a cgroup with a limit."""

from __future__ import annotations

from collections.abc import Iterable

from diagnose import units
from diagnose.analysis.limits import Limit
from diagnose.recommend.room import Room, Spare
from diagnose.report.wording.writer import Writer


def limit_of(limit: Limit, writer: Writer) -> str:
    """Return "memory.max of /dg"."""
    return f"{limit.setting} of {writer.cgroup(limit.cgroup)}"


def source(room: Room, writer: Writer) -> str:
    """Return what sets the capacity of a room."""
    return "the host's memory" if room.limit is None else limit_of(room.limit, writer)


def giver(spare: Spare, writer: Writer) -> str:
    """Return whose room it is that could be given away."""
    return "the host" if spare.limit is None else limit_of(spare.limit, writer)


def room_for(spare: Spare, writer: Writer) -> str:
    """Return "the host has room for 2 GiB"."""
    return f"{giver(spare, writer)} has room for {units.size(spare.bytes)}"


def each(cgroups: Iterable[str], writer: Writer) -> str:
    """Return "a and b and c"."""
    return " and ".join(map(writer.cgroup, cgroups))
