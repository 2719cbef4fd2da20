"""Are the recommended limits right? Applied in the lab and held against the optimum, for every memory scenario.

Diagnose, set the recommended limits, diagnose again; then bisect for the largest limits (the smallest, where one is
raised), and by itself for the smallest protection, that still remove 90 % of the missed reads. Missed reads that waited
for pages which proactive reclaim (DAMON) took are counted apart: no limit changes them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnose import units
from diagnose.analysis.windows import Windows
from diagnose.capture import file as captures
from diagnose.capture.model import Capture
from diagnose.lab import running
from diagnose.recommend.effects import Predicted, RaisedOwn
from diagnose.recommend.floor import floor
from diagnose.recommend.need import need
from diagnose.recommend.room import others, shared_room
from diagnose.report.model import Recommendation
from tests.accuracy.trial import MIB, SECONDS, Reading, Trial, agreement
from tests.helpers.changes import changes_in

SIZED = (
    "noisy-neighbour",
    "noisy-neighbour-steady",
    "noisy-neighbour-writes",
    "noisy-neighbour-maps",
    "noisy-neighbour-spread",
    "two-noisy-neighbours",
    "own-limit",
    "too-little-memory",
    "neighbour-memory",
)
REMOVED, RATIO, POINTS, BLAMED, AGREED = 0.9, 1.5, 3.0, 0.9, 0.99
"""What must hold: missed reads removed, distance from the optimum, of the prediction, blamed share, right blame."""
PROTECTION = "memory.low"
AFTERWARDS = 3
"""So often the recommended limits are measured; the median counts, by slow reads."""
STEPS, WIDEST = 3, 1.8
"""Of the bisection, and how far from the recommendation it looks."""


@dataclass(frozen=True)
class Sized:
    """What came out of one scenario. Shares and ratios are None where there was nothing to measure them on."""

    scenario: str
    recommended: str
    optimum: str = "–"
    ratio: float | None = None
    slow_removed: tuple[float, ...] = ()
    """Each time that the limits were measured, in ascending order."""
    slow_fewer: float | None = None
    """Of the number of slow reads, the median: a service that waits less reads more, and its share alone falls too."""
    slow_avoided: float | None = None
    """Of the slow reads without those that proactive reclaim caused, the median."""
    removed: float | None = None
    """Of the missed reads without those that proactive reclaim caused."""
    predicted: float | None = None
    measured: float | None = None
    """Hit ratios with the recommended limits, in percent."""
    killed: int = 0
    alive: bool = True
    blamed: float | None = None
    agreed: float | None = None
    emulated: bool = False
    """In a guest no proactive reclaim runs, so that all slow reads count; whose evictions they waited for is a matter
    of pace, which it has not got."""
    tried: str = ""
    """Where no limit, or on v2 no protection, was recommended: what happens with one."""
    again: bool = True
    """Whether the service lost pages again whenever the limits were taken back; else the optimum says nothing."""
    unsafe: bool = False
    """Whether that showed that none is safe."""

    @property
    def holds(self) -> bool:
        """Whether all that must hold does, as far as it applies."""
        return self.alive and not self.killed and not self.missing()

    def missing(self) -> list[str]:
        """Name what must hold and does not."""
        far = None if None in (self.predicted, self.measured) else abs((self.predicted or 0) - (self.measured or 0))
        noisy = not self.emulated and self.scenario == "noisy-neighbour"
        checks = {
            "slow reads": self._slow_gone is None or self._slow_gone >= REMOVED,
            "removed": self.removed is None or self.removed >= REMOVED,
            "ratio": self.ratio is None or self.ratio <= RATIO,
            "harm without limits": self.again,
            "prediction": far is None or far <= POINTS,
            "blamed": not noisy or (self.blamed or 0.0) >= BLAMED,
            "agreement": not noisy or (self.agreed or 0.0) >= AGREED,
            "no limit": self.removed is not None or self.unsafe,
        }
        return [name for name, good in checks.items() if not good]

    @property
    def _slow_gone(self) -> float | None:
        """The share of the slow reads that must be gone."""
        return statistics.median(self.slow_removed) if self.emulated and self.slow_removed else self.slow_avoided


def size(name: str, keep: Path | None = None) -> Sized:
    """Run a scenario and try its limits; captures are kept in the folder `keep`. Raises CannotMeasureError."""

    def save(capture: Capture, what: str) -> None:
        if keep is not None:
            (keep / f"{name}.{what}.capture.json.gz").write_bytes(captures.to_bytes(capture))

    with running(name, SECONDS, lambda _: None) as lab:
        return try_limits(Trial(lab, save))


def try_limits(trial: Trial, emulated: bool = False) -> Sized:
    """Try the limits that the report of a running scenario recommends; `emulated`: see `Sized`."""
    lab, name = trial.lab, trial.lab.scenario.name
    before = trial.measure("before")
    right, judged = agreement(lab, before.capture)
    blamed = sum(before.capture.blame.reads.reads) if before.capture.blame else 0
    common = {
        "blamed": blamed / before.missed if before.missed else None,
        "agreed": right / judged if judged else None,
        "emulated": emulated,
    }
    limits = [r for r in before.report.recommendations if r.value_bytes is not None]
    if not limits:
        tried, unsafe = _with_what_is_left(trial, before)
        return Sized(name, _why_none(before), tried=tried, unsafe=unsafe, **common)
    trial.apply(limits)
    afterwards = sorted((trial.measure(f"after-{n}") for n in range(AFTERWARDS)), key=lambda r: r.slow_share)
    after = afterwards[AFTERWARDS // 2]
    killed, alive = trial.killed(), lab.alive()
    levers = _levers(limits)
    attempt = Attempt(trial, limits, before)
    optima, factors = [], []
    for lever in levers:
        # Alone a lever may do less than both did.
        enough_now = _enough(before, after) and (len(levers) == 1 or attempt.enough(lever, 1.0))
        factor = _optimum(attempt, lever, enough_now)
        optima.append(_told(lever, lab.parent, factor))
        if factor is not None or lever[0].setting != PROTECTION:
            factors.append(math.inf if factor is None else max(factor, 1 / factor))
    return Sized(
        name,
        _listed(limits, lab.parent),
        optimum=", ".join(optima),
        ratio=max(factors),
        slow_removed=tuple(1 - r.slow_share / before.slow_share for r in reversed(afterwards)) if before.slow else (),
        slow_fewer=1 - after.slow / before.slow if before.slow else None,
        slow_avoided=_avoided(before, afterwards),
        removed=1 - after.avoidable_share / before.avoidable_share if before.avoidable_share else None,
        predicted=_predicted(before),
        measured=None if after.hit_ratio is None else 100 * after.hit_ratio,
        killed=killed,
        alive=alive,
        again=attempt.again,
        tried=_protection_alone(attempt),
        **common,
    )


class Attempt:
    """One lever after the other, each time on the service as it was found."""

    def __init__(self, trial: Trial, limits: Sequence[Recommendation], before: Reading) -> None:
        self.trial, self._limits, self.before = trial, limits, before
        self.again = True
        """Whether the service lost its pages again each time that the limits were taken back."""

    def enough(self, lever: Sequence[Recommendation], factor: float) -> bool:
        """Set the values of a lever, all of them times `factor`, and no others; returns whether that was enough."""
        self._from_the_start()
        self.trial.apply(lever, factor)
        return _enough(self.before, self.trial.measure(f"{lever[0].setting}-x{factor:.2f}"))

    def protected(self, size: int) -> float:
        """Protect so many bytes of the service, and nothing else; returns the share of the missed reads removed."""
        self._from_the_start()
        self.trial.protect(size)
        now = self.trial.measure("protected")
        self.trial.protect(0)
        return 1 - now.avoidable_share / self.before.avoidable_share

    def _from_the_start(self) -> None:
        self.again &= self.trial.take_back(self._limits)


def _protection_alone(attempt: Attempt) -> str:
    """Try what the report did not recommend, where the hierarchy has it: memory.low for all that the service needs."""
    version, before = attempt.trial.hierarchy.version, attempt.before
    wanted = need(Windows(before.capture))
    if version == 1 or wanted is None or any(r.setting == PROTECTION for r in before.report.recommendations):
        return ""
    removed = attempt.protected(wanted.bytes)
    return f"(memory.low {wanted.bytes // MIB} MiB instead removed {units.percent(max(0.0, removed))})"


def _avoided(before: Reading, afterwards: Sequence[Reading]) -> float | None:
    if not before.avoidably_slow_share:
        return None
    return statistics.median(1 - r.avoidably_slow_share / before.avoidably_slow_share for r in afterwards)


def _enough(before: Reading, now: Reading) -> bool:
    return now.avoidable_share <= (1 - REMOVED) * before.avoidable_share


def _listed(limits: Sequence[Recommendation], parent: str, factor: float = 1.0) -> str:
    whose = [limit.cgroup.removeprefix(parent).lstrip("/") or "all" for limit in limits]
    values = [round((limit.value_bytes or 0) * factor / MIB) for limit in limits]
    settings = [f" {limit.setting}" if "limit_in_bytes" not in limit.setting else "" for limit in limits]
    return ", ".join(f"{who}{s} {value} MiB" for who, s, value in zip(whose, settings, values, strict=True))


def _told(lever: Sequence[Recommendation], parent: str, factor: float | None) -> str:
    if factor is None:
        return f"no {lever[0].setting} alone"
    # Where the bisection never met its end, the optimum is farther away than it looked.
    farthest = WIDEST ** (1 - 1 / 2**STEPS) * 0.999
    beyond = "at least " if factor >= farthest else "at most " if factor <= 1 / farthest else ""
    return beyond + _listed(lever, parent, factor)


def _predicted(before: Reading) -> float | None:
    """Return the hit ratio that the first limit is expected to bring, in percent."""
    effect = next(change.effect for change in changes_in(before.capture) if change.value_bytes is not None)
    prediction = effect.prediction if isinstance(effect, Predicted | RaisedOwn) else None
    ratio = None if prediction is None else prediction.hit_ratio_after
    return None if ratio is None else 100 * ratio


def _levers(limits: Sequence[Recommendation]) -> list[list[Recommendation]]:
    """Return the recommendations that are tried apart from each other: containment (or a raised limit), protection."""
    protecting = [r for r in limits if r.setting == PROTECTION]
    return [lever for lever in ([r for r in limits if r not in protecting], protecting) if lever]


def _optimum(attempt: Attempt, lever: Sequence[Recommendation], enough_now: bool) -> float | None:
    """Return the factor on the recommended limits from which on they remove less than `REMOVED`; None: none does."""
    if all(r.setting == PROTECTION or (r.current_bytes or r.value_bytes or 0) < (r.value_bytes or 0) for r in lever):
        # The smallest that is good; one that was in force before was not.
        lowest = max(1 / WIDEST, *((r.current_bytes or 0) / (r.value_bytes or 1) for r in lever))
        good, bad = (1.0, lowest) if enough_now else (WIDEST, 1.0)
    else:
        good, bad = (1.0, WIDEST) if enough_now else (1 / WIDEST, 1.0)
    if not enough_now and not attempt.enough(lever, good):
        return None
    return bisect(lambda factor: attempt.enough(lever, factor), good, bad)


def bisect(enough: Callable[[float], bool], good: float, bad: float, steps: int = STEPS) -> float:
    """Return the factor nearest to `bad` that was found to be enough; `good` if none was."""
    for _ in range(steps):
        middle = (good * bad) ** 0.5
        good, bad = (middle, bad) if enough(middle) else (good, middle)
    return good


def _why_none(before: Reading) -> str:
    reasons = [r.reason for r in before.report.recommendations]
    why = (reasons or [f"none, verdict {before.report.verdict.rule or before.report.verdict.status}"])[0]
    return why.replace(f"{before.report.service.cgroup.rpartition('/')[0]}/", "")


def _with_what_is_left(trial: Trial, before: Reading) -> tuple[str, bool]:
    """Give the culprit what the service leaves of the room; return what came of it, and whether it was unsafe."""
    culprit, windows = trial.lab.culprit, Windows(before.capture)
    if culprit is None:
        return "", False
    room = shared_room(windows, culprit)
    wanted, rest, least = need(windows), others(windows, [culprit], room.cgroup), floor(windows, culprit)
    if wanted is None or rest is None or least is None:
        return "", False
    left = max(1, (room.capacity_bytes - wanted.bytes - rest.bytes) // MIB)
    setting = "memory.limit_in_bytes" if trial.hierarchy.version == 1 else "memory.max"
    try:
        (trial.hierarchy.directory(culprit) / setting).write_text(str(left * MIB))
    except OSError as error:
        return f"{left} MiB are left for it; the kernel refuses that limit ({error.strerror})", True
    trial.wait_a_cycle()
    killed = trial.killed()
    return f"{left} MiB are left for it; with them the kernel killed {killed} of its processes", killed > 0
