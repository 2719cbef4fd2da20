"""Steps about dirty pages in words (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.escape import visible
from diagnose.recommend.steps.dirty import EarlierWriteback, Pauses, RaiseMaxDirty, ShowDirtyLimits
from diagnose.report.wording.step_text import NewText, StepText


def raise_max_dirty(step: RaiseMaxDirty, new_text: NewText) -> StepText:
    """Write from which limit of the device to which, and whether the device has time for more."""
    return StepText(
        says=f"let more be dirty on {visible(step.device)} ({step.number}), which has a strict limit of its own: "
        f"max_bytes from {units.exact_size(step.from_bytes)} to {units.exact_size(step.to_bytes)}, twice, as a "
        f"beginning; which value ends the pauses was not measured. {_worth(step)}",
        arithmetic=(f"twice {units.size(step.from_bytes)}: {units.size(step.to_bytes)}",),
        gain=_gain(step.pauses),
    )


def _worth(step: RaiseMaxDirty) -> str:
    """Write whether more dirty pages can end the pauses, or only put them off."""
    name, busy = visible(step.device), step.busy_share
    put_off = f"It only puts the pauses off where the service writes faster than {name} all the time"
    if busy is None:
        return f"{put_off} (not measured)."
    if step.idle:
        return f"{name} was idle in at least {units.percent(1 - busy)} of the capture, so that it could take more."
    in_flight = f"requests were in flight there in up to {units.percent(busy)} of the capture"
    return f"{put_off}, which may be: {in_flight}."


def earlier_writeback(step: EarlierWriteback, new_text: NewText) -> StepText:
    """Write half of what may be dirty before writeback begins."""
    set_by = " and ".join(f"{name} {units.count(value)}" for name, value in step.set_by.items())
    return StepText(
        says=f"let writeback begin earlier: vm.dirty_background_bytes at {units.exact_size(step.to_bytes)}, half of "
        f"the {units.size(step.from_bytes)} that vm.{set_by or 'dirty_background_ratio 0'} comes to now.",
        arithmetic=(
            f"half of {units.count(step.from_pages)} pages (nr_dirty_background_threshold): "
            f"{units.size(step.to_bytes)}",
        ),
        gain=_gain(step.pauses),
    )


def show_dirty_limits(step: ShowDirtyLimits, new_text: NewText) -> StepText:
    """Write what the commands show."""
    return StepText("see how much may be dirty now, and how much is.")


def _gain(pauses: Pauses | None) -> str:
    """Write how long tasks were paused, which is the most that can end."""
    if pauses is None:
        return "not measured: how long tasks were paused is not in this capture."
    return (
        f"at most the {units.counted(pauses.count, 'pauses')}, {units.duration(pauses.seconds)} in all "
        f"({units.percent(pauses.share)} of the capture); how many of them end was not measured."
    )
