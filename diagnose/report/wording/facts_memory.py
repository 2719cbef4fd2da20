"""Facts about memory in words: limits and who shares them, the host's room, the pages that came back (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts.cache import CameBack
from diagnose.analysis.facts.limit import LimitHits, LimitUsers, OwnLimit
from diagnose.analysis.facts.pressure import HostRoom
from diagnose.analysis.limits import Limit
from diagnose.report.wording.fact_registry import words
from diagnose.report.wording.writer import Writer

MOST_NAMED = 3


@words("limit.own")
def own_limit(own: OwnLimit, writer: Writer) -> str:
    """Return the limit that the service alone feels, and whether it holds for all of it."""
    limit = _limit(own.limit, writer)
    if not own.of_a_part:
        return limit
    others = [writer.cgroup(cgroup) for cgroup in own.others_hit[:MOST_NAMED]]
    if (rest := len(own.others_hit) - MOST_NAMED) > 0:
        others.append(f"{rest} more")
    more = f"; those of {' and '.join(others)} were hit, too" if others else ""
    return f"{limit}, which holds for that part of the service alone{more}"


@words("limit.hit_most")
def limit_hit_most(hits: LimitHits, writer: Writer) -> str:
    """Return the limit on, in or around the service that was hit most."""
    if hits.limit is None:
        return "the host's memory, since no memory limit on, in or around the service was seen to be hit"
    return f"{_limit(hits.limit, writer)}, hit {_times(hits.hits or 0)}"


@words("limit.users")
def limit_users(users: LimitUsers, writer: Writer) -> str:
    """Return who else was seen below a limit, and how much of it each used at its peak."""
    if users.limit is None:
        return "everybody on the host shares it"
    if not users.users:
        return "nobody else was seen below it"
    named = ", ".join(f"{writer.cgroup(user.cgroup)} (up to {units.size(user.peak_bytes)})" for user in users.users)
    return f"also below it: {named}"


@words("limit.shared")
def shared_limit(shared: LimitHits, writer: Writer) -> str:
    """Return the lowest limit that the service shares, or lies below, and how often it was hit."""
    if shared.limit is None:
        return "no memory limit lies around it, so what it shares is the host's memory"
    limit = _limit(shared.limit, writer)
    used = "" if shared.peak_bytes is None else f", of which up to {units.size(shared.peak_bytes)} were used"
    often = "hit an unknown number of times" if shared.hits is None else f"hit {_times(shared.hits)}"
    return f"the limit around it, {limit}{used}, was {'not hit' if shared.hits == 0 else often}"


def _limit(limit: Limit, writer: Writer) -> str:
    return f"{limit.setting} of {writer.cgroup(limit.cgroup)} ({units.size(limit.limit_bytes)})"


def _times(count: float) -> str:
    return f"{units.count(count)} {units.plural(count, 'time', 'times')}"


@words("host.room")
def host_room(room: HostRoom, writer: Writer) -> str:
    """Return how much memory the host had to give, at its lowest."""
    if room.available_bytes is None:
        return "how much memory the host has to give was not measured (free -m shows it)"
    return f"the host had {units.size(room.available_bytes)} of {units.size(room.memory_bytes)} available"


@words("cache.came_back")
def came_back(back: CameBack, writer: Writer) -> str:
    """Return how many pages were read again after their eviction, and why that may be more than were missed."""
    notes = []
    if back.evicted_before_pages:
        which = "all" if back.evicted_before_pages == back.pages else units.count(back.evicted_before_pages)
        since = ", or forgotten since" if back.may_forget else ""
        notes.append(f"{which} of them evicted before the capture began{since}")
    if back.entered_pages is not None and back.pages > back.entered_pages:
        meanwhile = f"{units.pages(back.entered_pages)} entered its cache in the capture"
        notes.append(f"by the kernel's count, which comes up to 2 s late: {meanwhile}")
    text = f"{units.pages(back.pages)} again after {units.plural(back.pages, 'its', 'their')} eviction"
    return f"{text} ({'; '.join(notes)})" if notes else text
