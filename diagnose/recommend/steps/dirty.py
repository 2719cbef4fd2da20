"""How much may be dirty, and from where on it is written back: what is set, and a change to try (pure).

Sources: Documentation/admin-guide/sysctl/vm.rst (dirty_*), Documentation/ABI/testing/sysfs-class-bdi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagnose.analysis.facts import Facts
from diagnose.analysis.facts.writes import IDLE, busy_at_most, written_device
from diagnose.capture.surroundings import BlockDevice
from diagnose.recommend.steps.shell import show, write
from diagnose.recommend.steps.step import Step
from diagnose.rules.evaluate import Fired

_BACKGROUND = ("dirty_background_bytes", "dirty_background_ratio")


@dataclass(frozen=True)
class Pauses:
    """How long tasks were paused for dirty pages: the most that a change can end."""

    count: float
    seconds: float
    share: float
    """Of the capture."""


@dataclass(frozen=True, kw_only=True)
class RaiseMaxDirty(Step):
    """Let more be dirty on a device that has a strict limit of its own (max_bytes of its bdi)."""

    device: str
    number: str
    from_bytes: int
    to_bytes: int
    busy_share: float | None
    """Of the capture, at most: requests were in flight on the device; None: not measured."""
    pauses: Pauses | None

    @property
    def idle(self) -> bool:
        """Whether the device had time for more."""
        return self.busy_share is not None and self.busy_share < IDLE


@dataclass(frozen=True, kw_only=True)
class EarlierWriteback(Step):
    """Halve what may be dirty before the kernel begins to write it back (vm.dirty_background_bytes)."""

    from_pages: int
    """nr_dirty_background_threshold."""
    from_bytes: int
    to_bytes: int
    set_by: Mapping[str, int]
    """What the present threshold is set by: vm.dirty_background_bytes or _ratio without "vm.", by name; empty: a
    ratio of 0."""
    pauses: Pauses | None


@dataclass(frozen=True, kw_only=True)
class ShowDirtyLimits(Step):
    """See how much may be dirty now, and how much is."""


def dirty_limits(fired: Fired, facts: Facts) -> list[Step]:
    """Return the step that lets more be dirty on the device, where it is what bounds, else earlier writeback."""
    capture, name = facts.windows.capture, written_device(facts)
    device = next((d for d in capture.devices if d.name == name), None)
    if device is not None and device.max_dirty_bytes:
        return [_raise_max_dirty(device, device.max_dirty_bytes, facts), _show(device)]
    background = _earlier_writeback(facts)
    return [*([background] if background else []), _show(device)]


def _pauses(facts: Facts) -> Pauses | None:
    share, pauses = facts.number("stalls.dirty_share"), facts.number("stalls.dirty_pauses")
    if share is None or pauses is None:
        return None
    return Pauses(pauses, share * facts.windows.length, share)


def _raise_max_dirty(device: BlockDevice, most: int, facts: Facts) -> RaiseMaxDirty:
    file = f"/sys/class/bdi/{device.number}/max_bytes"
    return RaiseMaxDirty(
        device=device.name,
        number=device.number,
        from_bytes=most,
        to_bytes=2 * most,
        busy_share=busy_at_most(facts),
        pauses=_pauses(facts),
        commands=(write(str(2 * most), file),),
        undo=(write(str(most), file),),
    )


def _earlier_writeback(facts: Facts) -> EarlierWriteback | None:
    """Return the step that halves the background threshold; None: the threshold was not read."""
    settings, page = facts.windows.capture.host.settings, facts.windows.capture.host.page_bytes
    at = settings.get("vmstat.nr_dirty_background_threshold")
    if not at:
        return None
    set_by = {name: settings[key] for name in _BACKGROUND if settings.get(key := f"vm.{name}")}
    value = at * page // 2 // page * page
    return EarlierWriteback(
        from_pages=at,
        from_bytes=at * page,
        to_bytes=value,
        set_by=set_by,
        pauses=_pauses(facts),
        commands=(f"sysctl -w vm.dirty_background_bytes={value}",),
        undo=tuple(f"sysctl -w vm.{name}={old}" for name, old in set_by.items()),
    )


def _show(device: BlockDevice | None) -> ShowDirtyLimits:
    numbers = f"/sys/class/bdi/{device.number}/" if device is not None else "/sys/class/bdi/*/"
    files = [f"{numbers}{name}" for name in ("max_bytes", "max_ratio", "strict_limit")]
    return ShowDirtyLimits(
        commands=(
            "sysctl vm.dirty_bytes vm.dirty_ratio vm.dirty_background_bytes vm.dirty_background_ratio",
            show(*files) if device is not None else f"grep -H . {' '.join(files)}",
            "grep -E 'Dirty|Writeback:' /proc/meminfo",
        )
    )
