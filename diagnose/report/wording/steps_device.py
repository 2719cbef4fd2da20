"""Steps about block devices in words: I/O limits, where to look, neighbours held back (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.escape import visible
from diagnose.recommend.steps.io_max import Direction
from diagnose.recommend.steps.slow_device import InspectDevice, RaiseIoLimit, ShowIoLimits
from diagnose.recommend.steps.throttle import Rate, ThrottleDevice
from diagnose.report.wording.step_text import NewText, StepText

_NOUNS: dict[Direction, str] = {"riops": "reads", "wiops": "writes"}


def raise_io_limit(step: RaiseIoLimit, new_text: NewText) -> StepText:
    """Write from which limit to which."""
    limit, what = step.limit, "bytes" if step.limit.kind == "rbps" else "reads"
    old, new = units.count(limit.allowed), units.count(step.to_per_second)
    return StepText(
        says=f"raise the I/O limit on {visible(limit.device)} ({limit.number}), {limit.file} of "
        f"{new_text().cgroup(limit.cgroup)}, from {old} to {new} {what} a second: twice, as a beginning; then measure "
        "again.",
        arithmetic=(f"twice {old} {what} a second: {new}",),
    )


def show_io_limits(step: ShowIoLimits, new_text: NewText) -> StepText:
    """Write whether the capture looked for a limit."""
    found = "of which this capture has none" if step.looked_for else "which is not in this capture"
    return StepText(f"see whether an I/O limit holds the service back, {found}.")


def inspect_device(step: InspectDevice, new_text: NewText) -> StepText:
    """Write at which devices to look, and for what."""
    below = ", ".join(f"{visible(device)} below it" for device in step.below)
    return StepText(
        f"look at {visible(step.device)}{f', and at {below}' if below else ''}: rate, queue, health, errors; of a "
        "cloud volume compare the rate with the quota that its provider shows."
    )


def throttle_device(step: ThrottleDevice, new_text: NewText) -> StepText:
    """Write which cgroup to hold to which rates, and what such a limit does not reach."""
    number = f" ({step.number})" if step.number else ""
    rates = " and ".join(map(_rate, step.rates))
    return StepText(
        says=f"hold {new_text().cgroup(step.cgroup)} on {visible(step.device)}{number} to {rates}: half, to begin "
        f"with; then measure again.{_note(step)}",
        arithmetic=tuple(
            f"{_NOUNS[rate.direction]}: half of {units.count(rate.made_per_second)} a second: {rate.to_per_second:,}"
            for rate in step.rates
        ),
    )


def _rate(rate: Rate) -> str:
    made = units.count(rate.made_per_second)
    return f"{units.count(rate.to_per_second)} {_NOUNS[rate.direction]} a second (it made {made})"


def _note(step: ThrottleDevice) -> str:
    """Write what a limit of cgroup v1 does not hold back, and that a cgroup is made; "" on v2."""
    if step.cgroup_version == 2:
        return ""
    note = " cgroup v1 holds back reads and direct writes; writes through the page cache go past it."
    if not step.makes_cgroup:
        return note
    return (
        f"{note} Its processes have no blkio cgroup of their own, so one is made for them; the first command shows "
        "where they are now, and the way back takes that for the root."
    )
