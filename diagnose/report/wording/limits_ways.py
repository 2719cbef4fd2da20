"""What can be done where no value is safe, an imperative clause each."""

from __future__ import annotations

from functools import singledispatch

from diagnose import units
from diagnose.recommend.ways import ByAQuarter, GiveFirst, MoreRoom, ReadUncached, RunElsewhere, StepByStep, Way
from diagnose.report.wording.limits_rooms import each, giver, source
from diagnose.report.wording.writer import Writer

_CODES = {
    "measure-longer": "measure again, for longer",
    "measure-once-grown": "measure again, for longer, or once the job holds all that it needs",
    "more-memory": "run the service on a host with more memory",
    "read-less": "let it use less memory, or read less data again and again",
    "write-less": "let the service allocate and write less, or run it on a host with more memory",
    "quarters": "raise it step by step, by a quarter each, and measure after each",
}


@singledispatch
def way(value: Way, _writer: Writer) -> str:
    """Write one thing to do instead."""
    return _CODES[str(value)]


@way.register
def run_elsewhere(job: RunElsewhere, writer: Writer) -> str:
    return f"run {each(job.cgroups, writer)} on another host or at another time"


@way.register
def read_uncached(job: ReadUncached, writer: Writer) -> str:
    return (
        f"have {each(job.cgroups, writer)} read with O_DIRECT, or drop pages once they are read (POSIX_FADV_DONTNEED)"
    )


@way.register
def more_room(more: MoreRoom, writer: Writer) -> str:
    given, limits = _given(more, writer), _limits(more, writer)
    return f"{given}, and together with that limit {limits}: without the limit the new room fills again"


def _given(more: MoreRoom, writer: Writer) -> str:
    capacity, given = more.room.capacity_bytes, units.size(more.more_bytes)
    if more.room.limit is None:
        return f"give the host {given} more"
    raised = (
        f"raise {source(more.room, writer)} from {units.size(capacity)} to {units.size(capacity + more.more_bytes)}"
    )
    whose = f"{raised}, {given} more out of {giver(more.spare, writer)},"
    if more.spare.bytes is None:
        return f"{whose} how much it has to give was not measured"
    return f"{whose} which has room for {units.size(more.spare.bytes)}"


def _limits(more: MoreRoom, writer: Writer) -> str:
    return " and ".join(f"{writer.cgroup(path)} to {units.size(least)}" for path, least in more.limits)


@way.register
def by_a_quarter(raised: ByAQuarter, _writer: Writer) -> str:
    return f"raise it by a quarter, to {units.exact_size(raised.to_bytes)}, and measure again"


@way.register
def step_by_step(start: StepByStep, _writer: Writer) -> str:
    return f"raise it step by step, from {units.size(start.from_bytes)} on, until nothing is swapped in"


@way.register
def give_first(lacks: GiveFirst, writer: Writer) -> str:
    return (
        f"give {giver(lacks.spare, writer)} {units.size(lacks.lacking_bytes)} more, and then this limit the "
        f"{units.size(lacks.more_bytes)} more"
    )
