"""What to do by hand, in words: the steps of a finding for its report (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from diagnose.recommend.steps import Step as StepValue
from diagnose.recommend.steps.damon import FindReclaimer, GentlerModule, GentlerScheme
from diagnose.recommend.steps.dirty import EarlierWriteback, RaiseMaxDirty, ShowDirtyLimits
from diagnose.recommend.steps.dropped import FindDropper, TraceDropper
from diagnose.recommend.steps.peers import FindPeers, FindProcesses, TimePeerReads
from diagnose.recommend.steps.quota import RaiseQuota, ShowQuota
from diagnose.recommend.steps.read_ahead import ReadAhead
from diagnose.recommend.steps.slow_device import InspectDevice, RaiseIoLimit, ShowIoLimits
from diagnose.recommend.steps.throttle import ThrottleDevice
from diagnose.recommend.steps.weight import RaiseWeight, ShowWeight
from diagnose.recommend.steps.which_cpus import FindIdleCpus
from diagnose.report.model import Step
from diagnose.report.wording import steps_cache, steps_cpu, steps_damon, steps_device, steps_dirty, steps_peers
from diagnose.report.wording.step_text import NewText, StepText
from diagnose.report.wording.writer import Names

WORDS: dict[type[StepValue], Callable[[Any, NewText], StepText]] = {
    EarlierWriteback: steps_dirty.earlier_writeback,
    FindDropper: steps_cache.find_dropper,
    FindIdleCpus: steps_cpu.find_idle_cpus,
    FindPeers: steps_peers.find_peers,
    FindProcesses: steps_peers.find_processes,
    FindReclaimer: steps_damon.find_reclaimer,
    GentlerModule: steps_damon.gentler_module,
    GentlerScheme: steps_damon.gentler_scheme,
    InspectDevice: steps_device.inspect_device,
    RaiseIoLimit: steps_device.raise_io_limit,
    RaiseMaxDirty: steps_dirty.raise_max_dirty,
    RaiseQuota: steps_cpu.raise_quota,
    RaiseWeight: steps_cpu.raise_weight,
    ReadAhead: steps_cache.read_ahead,
    ShowDirtyLimits: steps_dirty.show_dirty_limits,
    ShowIoLimits: steps_device.show_io_limits,
    ShowQuota: steps_cpu.show_quota,
    ShowWeight: steps_cpu.show_weight,
    ThrottleDevice: steps_device.throttle_device,
    TimePeerReads: steps_peers.time_peer_reads,
    TraceDropper: steps_cache.trace_dropper,
}


def written_steps(steps: Iterable[StepValue], names: Names, mentioned: Iterable[str]) -> list[Step]:
    """Return steps as the report has them; the reader knows already what `mentioned` cgroups (paths) are called."""
    known = list(mentioned)
    return [_written(step, lambda: names.writer(known)) for step in steps]


def _written(step: StepValue, new_text: NewText) -> Step:
    text = WORDS[type(step)](step, new_text)
    return Step(
        says=text.says,
        arithmetic=list(text.arithmetic),
        commands=list(step.commands),
        undo=list(step.undo),
        gain=text.gain,
        risk=text.risk,
    )
