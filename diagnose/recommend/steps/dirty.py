"""How much may be dirty, and from where on it is written back: what is set, and a change to try (pure).

Sources: Documentation/admin-guide/sysctl/vm.rst (dirty_*), Documentation/ABI/testing/sysfs-class-bdi.
"""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.writes import IDLE, busy_at_most, written_device
from diagnose.capture.surroundings import BlockDevice
from diagnose.escape import visible
from diagnose.recommend.steps.shell import show, write
from diagnose.report.model import Step
from diagnose.rules.evaluate import Fired

_NAMES = ("dirty_background_bytes", "dirty_background_ratio", "dirty_bytes", "dirty_ratio")


def dirty_limits(fired: Fired, facts: Facts) -> list[Step]:
    """Return the step that lets more be dirty on the device, where it is what bounds, else earlier writeback."""
    capture, name = facts.windows.capture, written_device(facts)
    device = next((d for d in capture.devices if d.name == name), None)
    if device is not None and device.max_dirty_bytes:
        return [_device(device, device.max_dirty_bytes, facts), _show(device)]
    background = _background(capture.host.settings, capture.host.page_bytes)
    if background is not None:
        background = background.model_copy(update={"gain": _gain(facts)})
    return [*([background] if background else []), _show(device)]


def _gain(facts: Facts) -> str:
    """Say how long tasks were paused, which is the most that can end."""
    share, pauses = facts.number("stalls.dirty_share"), facts.number("stalls.dirty_pauses")
    if share is None or pauses is None:
        return "not measured: how long tasks were paused is not in this capture."
    seconds = share * facts.windows.length
    return (
        f"at most the {units.counted(pauses, 'pauses')}, {units.duration(seconds)} in all ({units.percent(share)} of "
        "the capture); how many of them end was not measured."
    )


def _device(device: BlockDevice, most: int, facts: Facts) -> Step:
    file, busy, name = f"/sys/class/bdi/{device.number}/max_bytes", busy_at_most(facts), visible(device.name)
    if busy is None:
        worth = f"It only puts the pauses off where the service writes faster than {name} all the time (not measured)."
    elif busy < IDLE:
        worth = f"{name} was idle in at least {units.percent(1 - busy)} of the capture, so that it could take more."
    else:
        worth = (
            f"It only puts the pauses off where the service writes faster than {name} all the time, which may be: "
            f"requests were in flight there in up to {units.percent(busy)} of the capture."
        )
    return Step(
        says=f"let more be dirty on {name} ({device.number}), which has a strict limit of its own: max_bytes from "
        f"{units.exact_size(most)} to {units.exact_size(2 * most)}, twice, as a beginning; which value ends the pauses "
        f"was not measured. {worth}",
        gain=_gain(facts),
        arithmetic=[f"twice {units.size(most)}: {units.size(2 * most)}"],
        commands=[write(str(2 * most), file)],
        undo=[write(str(most), file)],
    )


def _background(settings: dict[str, int], page: int) -> Step | None:
    """Return the step that halves what may be dirty before the kernel begins to write it back."""
    at = settings.get("vmstat.nr_dirty_background_threshold")
    if not at:
        return None
    before = {name: settings[key] for name in _NAMES[:2] if settings.get(key := f"vm.{name}")}
    value = at * page // 2 // page * page
    return Step(
        says=f"let writeback begin earlier: vm.dirty_background_bytes at {units.exact_size(value)}, half of the "
        f"{units.size(at * page)} that vm.{_told(before)} comes to now.",
        arithmetic=[f"half of {units.count(at)} pages (nr_dirty_background_threshold): {units.size(value)}"],
        commands=[f"sysctl -w vm.dirty_background_bytes={value}"],
        undo=[f"sysctl -w vm.{name}={old}" for name, old in before.items()],
    )


def _told(before: dict[str, int]) -> str:
    return " and ".join(f"{name} {units.count(value)}" for name, value in before.items()) or "dirty_background_ratio 0"


def _show(device: BlockDevice | None) -> Step:
    numbers = f"/sys/class/bdi/{device.number}/" if device is not None else "/sys/class/bdi/*/"
    files = [f"{numbers}{name}" for name in ("max_bytes", "max_ratio", "strict_limit")]
    bdi = show(*files) if device is not None else f"grep -H . {' '.join(files)}"
    return Step(
        says="see how much may be dirty now, and how much is.",
        commands=[
            "sysctl vm.dirty_bytes vm.dirty_ratio vm.dirty_background_bytes vm.dirty_background_ratio",
            bdi,
            "grep -E 'Dirty|Writeback:' /proc/meminfo",
        ],
    )
