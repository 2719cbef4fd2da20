"""`diagnose demo`: a scenario of the lab, measured like any service; a replay where measuring is refused."""

from __future__ import annotations

from collections.abc import Callable

from diagnose import doctor, pipeline, rules
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.cgroups import Hierarchy
from diagnose.cgroups.service import Service, resolve
from diagnose.errors import CannotMeasureError, UsageError
from diagnose.lab import RECORDED, SCENARIOS, running
from diagnose.measure.polling import Bpf
from diagnose.measure.privileges import require_privileges
from diagnose.measure.schedule import Plan, plan
from diagnose.measure.stopping import stoppable
from diagnose.report.formats.delivery import Delivery
from diagnose.report.model import Report

EXIT_CANNOT_MEASURE = 3

WITH_BPF: Bpf = "needed"
WITHOUT_BPF: Bpf = "unused"

Measure = Callable[[Service, Hierarchy, Plan, Callable[[], rules.RuleSet], Delivery, Bpf], int]
Deliver = Callable[[Report, Capture, bytes, Delivery], int]
Say = Callable[[str], None]


def listing() -> str:
    """Return the scenarios, one a line: name, what it sets up, the verdict it is to get."""
    width = max(map(len, SCENARIOS))
    return "\n".join(f"{name:<{width}}  {s.sets_up} Expected: {s.expected}." for name, s in SCENARIOS.items())


def run(
    scenario: str,
    duration: float,
    wanted: Delivery,
    measure: Measure,
    deliver: Deliver,
    say: Say,
    keep: bool = False,
    bpf: Bpf = WITH_BPF,
) -> int:
    """Run a scenario and return the exit code of its report (3 for a replay).

    `keep`: the workloads go on after the report until a signal comes, so that its change can be tried on them. `bpf`:
    a demo shows what the tool can do, so that it replays where BPF is refused, unless it is to do without.
    """
    if scenario not in SCENARIOS:
        raise UsageError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    measured_by, loaded = plan(duration, 1.0), rules.load_rules()
    try:
        require_privileges()
        if bpf == WITH_BPF:
            _require_bpf()
        hierarchy = Hierarchy.discover()
        with running(scenario, duration, say) as lab:
            service = resolve(lab.service, hierarchy)
            say(f"measuring {lab.service} for {duration:g} s; Ctrl-C ends it early and reports")
            code = measure(service, hierarchy, measured_by, lambda: loaded, wanted, bpf)
            if keep:
                _keep(say)
            return code
    except CannotMeasureError as error:
        return _replay(scenario, str(error), wanted, deliver, say)


def _require_bpf() -> None:
    """Raise CannotMeasureError where BPF will be refused, before a scenario is set up for nothing."""
    stopping = doctor.blocking(doctor.checks())
    if stopping:
        raise CannotMeasureError("; ".join(f"{check.name}: {check.detail}" for check in stopping))


def _keep(say: Say) -> None:
    say("the workloads go on until Ctrl-C: diagnose apply, verify and rollback can be tried on them now")
    with stoppable() as wait:
        while not wait(3600.0):
            continue


def _replay(scenario: str, why: str, wanted: Delivery, deliver: Deliver, say: Say) -> int:
    recorded = RECORDED / f"{scenario}.capture.json.gz"
    if not recorded.is_file():
        raise CannotMeasureError(why)
    say(f"cannot measure here: {why}")
    say(f"REPLAY: what follows is not this host; it is a capture of the scenario {scenario!r}, recorded live elsewhere")
    capture, packed = captures.load(recorded, wanted.redacting)
    deliver(pipeline.analyse(capture, rules.load_rules(), packed), capture, packed, wanted)
    return EXIT_CANNOT_MEASURE
