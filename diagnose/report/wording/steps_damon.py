"""Steps about proactive reclaim in words (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.recommend.steps.damon import FindReclaimer, GentlerModule, GentlerScheme, ProactiveWaits
from diagnose.recommend.steps.reclaim_age import Age, CaptureTooShort, EvictedBefore, MostlyOthers, NotKnown
from diagnose.recommend.steps.step import LessReclaimed
from diagnose.report.wording.facts_memory import host_room
from diagnose.report.wording.step_text import NewText, StepText


def gentler_scheme(step: GentlerScheme, new_text: NewText) -> StepText:
    """Write the age of a scheme of DAMON, in intervals and seconds."""
    interval, new, old = step.interval_seconds, step.to_intervals, step.from_intervals
    quota = ""
    if step.quota_bytes is not None:
        every = units.duration(step.quota_interval_seconds)
        quota = f"; it may take {units.size(step.quota_bytes)} every {every}"
    return StepText(
        says=f"have DAMON (scheme {step.kdamond}/{step.context}/{step.scheme}, {step.action}) take pages only after "
        f"{units.count(new)} intervals of {units.duration(interval)} without an access instead of {units.count(old)}, "
        f"{units.duration(new * interval)} instead of {units.duration(old * interval)}.{_first_try(step.age)}",
        arithmetic=(f"{_arithmetic(step.age)}, in whole intervals of {units.duration(interval)}: {new}{quota}",),
        gain=_gain(step.gain),
        risk=_risk(step.risk, new_text),
    )


def gentler_module(step: GentlerModule, new_text: NewText) -> StepText:
    """Write the age of the module damon_reclaim."""
    new, old = (units.duration(us / 1e6) for us in (step.to_us, step.from_us))
    return StepText(
        says=f"have damon_reclaim take pages only after {new} without an access instead of {old} (min_age)."
        f"{_first_try(step.age)}",
        arithmetic=(_arithmetic(step.age),),
        gain=_gain(step.gain),
        risk=_risk(step.risk, new_text),
    )


def find_reclaimer(step: FindReclaimer, new_text: NewText) -> StepText:
    """Write that the age is not known."""
    return StepText("see what reclaims and from which age on, which is not in this capture, then make that age longer.")


def _first_try(age: Age) -> str:
    return " This is a first try: which age is enough this capture cannot tell." if age.first_try else ""


def _arithmetic(age: Age) -> str:
    now = units.duration(age.from_seconds)
    if not isinstance(age.reuse, float):
        why = _not_known(age.reuse)
        return f"twice {now} is a first try, after which to measure again, and no measured value: {why}"
    return (
        f"{now} now, and nine in ten of the reads that waited for a page which proactive reclaim had taken came within "
        f"{units.duration(age.reuse)} of its eviction: no less than {units.duration(age.to_seconds)}"
    )


def _not_known(reason: NotKnown) -> str:
    """Write why it is not known after what time pages are wanted again."""
    if isinstance(reason, MostlyOthers):
        return (
            f"only {units.percent(reason.share)} of the reads that waited for evicted pages waited for those that it "
            "took, and after what time these came was not measured apart from the others"
        )
    if isinstance(reason, EvictedBefore):
        return (
            f"{units.count(reason.pages)} of the {units.count(reason.refaulted_pages)} pages that came back had been "
            "evicted before the capture began, so it is too short to tell after what time pages are wanted again"
        )
    if isinstance(reason, CaptureTooShort):
        return "the capture is too short to tell after what time pages are wanted again"
    return "too few reads waited for pages that it took to tell how much longer is enough"


def _gain(waits: ProactiveWaits | None) -> str:
    """Write how much waiting there is for the change to end."""
    if waits is None:
        return "not measured: for whose evictions reads waited is not in this capture."
    part = ""
    if waits.share is not None:
        part = f", {units.percent(waits.share)} of the time that reads waited for evicted pages"
    return (
        f"at most the waits of the {units.counted(waits.reads, 'reads')} that missed pages which proactive reclaim had "
        f"taken during the capture ({units.duration(waits.seconds)}{part}); how many of them end was not measured."
    )


def _risk(risk: LessReclaimed | None, new_text: NewText) -> str:
    if risk is None:
        return ""
    less = "Less is reclaimed on the whole host, whose memory fills up sooner"
    return f"{less}." if risk.host_room is None else f"{less}; {host_room(risk.host_room, new_text())}."
