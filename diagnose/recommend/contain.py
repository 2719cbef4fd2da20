"""Contain the neighbour that takes the room: a limit on it, out of what the others leave (pure)."""

from __future__ import annotations

from diagnose import units
from diagnose.analysis.facts import Facts
from diagnose.analysis.neighbours import person_level
from diagnose.analysis.windows import Windows
from diagnose.capture.model import CgroupRecord
from diagnose.cgroups.paths import is_within
from diagnose.recommend.advice import commands, lasting, no_limit, undo
from diagnose.recommend.cost import own_reuse, risk
from diagnose.recommend.division import Division, divided
from diagnose.recommend.growing import outgrows
from diagnose.recommend.more_room import with_more_room
from diagnose.recommend.prediction import Prediction, predict_contained
from diagnose.recommend.protect import unprotected
from diagnose.recommend.sizing import MIB, peak_of, shared_room
from diagnose.report.model import Recommendation
from diagnose.rules.evaluate import Fired

BACKSTOP = 1.25
"""memory.max stands so far above memory.high: it is for a job that reclaim cannot slow, not for everyday."""


def contain(fired: Fired, facts: Facts) -> list[Recommendation]:
    """Return a limit for each culprit, on the level that a person would set it on (unit, container, job)."""
    guilt = _guilt(fired, facts)
    return [r for path in guilt for r in _contain_one(path, guilt, fired, facts)]


def _guilt(fired: Fired, facts: Facts) -> dict[str, float]:
    """Return the share of the evictions by the cgroup to contain; what lies within another of them counts there."""
    service, guilt = facts.windows.capture.service.cgroup, dict[str, float]()
    # A cgroup that the service itself lies in cannot be contained without containing the service.
    accused = [c for c in fired.culprits if c.cgroup in facts.by_path and not is_within(service, c.cgroup)]
    levels = [person_level(culprit.cgroup, service) for culprit in accused]
    for culprit, level in zip(accused, levels, strict=True):
        highest = min((other for other in levels if is_within(level, other)), key=len)
        guilt[highest] = guilt.get(highest, 0.0) + (culprit.share or 0.0)
    return guilt


def _contain_one(path: str, everybody: dict[str, float], fired: Fired, facts: Facts) -> list[Recommendation]:
    windows = facts.windows
    record, peak = windows.record_of(path), peak_of(windows, path, "usage_bytes")
    if record is None:
        return []
    setting = "memory.limit_in_bytes" if windows.capture.cgroup_version == 1 else "memory.high"
    division = divided(windows, path, everybody)
    if isinstance(division, str) or peak is None:
        why = division if isinstance(division, str) else "its memory was not measured, so no limit can be worked out"
        return [no_limit(record, setting, why, [], _elsewhere(windows, path), _STAYS)]
    ends = frozenset(p for p in everybody if _taking_ends(windows, p, everybody))
    prediction = predict_contained(facts, ends, division.wanted.avoided)
    lines = division.lines(path, peak, [prediction.hit_ratio_line()] if prediction else [])
    if division.above < 0:
        effect = prediction.sentence(fired.thresholds.get("slow_share")) if prediction else None
        return _too_little(record, setting, division, lines, effect, windows)
    value = division.value(path)
    if (fits := _fits(windows, path, setting, value)) is not None:
        # Where the cache of others is not among what they hold, it is what has to make room.
        gives = division.room is None and not division.cache_stays
        others = " once others have given up their cache" if gives else ""
        return [no_limit(record, setting, f"{fits}{others}", lines, _elsewhere(windows, path), _STAYS)]
    if (grows := outgrows(windows, path, value)) is not None:
        ways = [_ONCE_GROWN, *_elsewhere(windows, path)]
        return [no_limit(record, setting, grows, lines, ways, _STAYS)]
    limit = _containment(record, setting, value, [*lines, *own_reuse(windows, record, value)], fired, facts, prediction)
    beside = [p for p in everybody if p != path and _is_limited(windows, p, setting, everybody)]
    if beside:
        effect = f"With {' and '.join(beside)} contained too: {_within(limit.expected_effect)}"
        limit = limit.model_copy(update={"expected_effect": effect})
    return [limit, *_backstop(limit, record, windows)]


def _too_little(
    record: CgroupRecord, setting: str, division: Division, lines: list[str], effect: str | None, windows: Windows
) -> list[Recommendation]:
    """Return why no containment is safe, once for all who share the room, and how much more room would make one so."""
    first, *further = division.guilt
    if record.path != first:
        return []
    told = [*lines, *(line for path in further for line in division.floors[path].lines)]
    elsewhere = _elsewhere(windows, first, division.names)
    grow = {path: why for path, least in division.floors.items() if (why := outgrows(windows, path, least.bytes))}
    if grow:
        why = "; ".join([division.too_little(), *(f"of {path}, {grows}" for path, grows in grow.items())])
        return [no_limit(record, setting, why, told, [_ONCE_GROWN, *elsewhere], _STAYS, division.names)]
    found = no_limit(record, setting, division.too_little(), told, elsewhere, _STAYS, division.names)
    return [with_more_room(found, first, division, windows, effect)]


def _fits(windows: Windows, path: str, setting: str, value: int) -> str | None:
    """Say why a limit of this value changes nothing: less is used, or allowed already; None: it would be felt."""
    record, peak = windows.record_of(path), peak_of(windows, path, "usage_bytes") or 0
    current = record.settings.get(setting) if record is not None else None
    if value < peak and (current is None or value < current):
        return None
    now = f"it never used more than {units.size(peak)}" if value >= peak else f"its {setting} is {units.size(current)}"
    return f"{now}, which already fits into the {units.size(value)} left for it"


def _is_limited(windows: Windows, path: str, setting: str, everybody: dict[str, float]) -> bool:
    division = divided(windows, path, everybody)
    if isinstance(division, str) or division.above < 0:
        return False
    value = division.value(path)
    return _fits(windows, path, setting, value) is None and outgrows(windows, path, value) is None


def _taking_ends(windows: Windows, path: str, everybody: dict[str, float]) -> bool:
    """Tell whether its part of a room is worked out, and one that it keeps to: by a limit, or because less will do."""
    division = divided(windows, path, everybody)
    if isinstance(division, str):
        return False
    return division.above < 0 or outgrows(windows, path, division.value(path)) is None


_ONCE_GROWN = "measure again, for longer, or once the job holds all that it needs"
_STAYS = "As long as nothing is changed, the service keeps waiting for pages that were evicted."


def _within(sentence: str) -> str:
    """Return a sentence as it stands after a colon; names keep their case."""
    return sentence[0].lower() + sentence[1:] if sentence.startswith(("Under ", "The ")) else sentence


def _elsewhere(windows: Windows, path: str, names: str | None = None) -> list[str]:
    """Return what can be done without more memory: move the job, or have it use no page cache, if that is its room."""
    ways = [f"run {names or path} on another host or at another time"]
    cached, own = (peak_of(windows, path, key) or 0 for key in ("file_bytes", "anon_bytes"))
    if cached > own:
        ways.append(f"have {names or path} read with O_DIRECT, or drop pages once they are read (POSIX_FADV_DONTNEED)")
    return ways


def _containment(
    record: CgroupRecord, setting: str, value: int, lines: list[str], fired: Fired, facts: Facts,
    prediction: Prediction | None,
) -> Recommendation:  # fmt: skip
    windows, path = facts.windows, record.path
    below = [n for n in facts.neighbours if is_within(n, path)]
    evicted, guessed = (
        sum(facts.number(f"neighbour.{part}", n) or 0.0 for n in below)
        for part in ("evicted_of_service", "apportioned_pages")
    )
    seconds = units.duration(windows.length)
    estimate = f" (an estimate for {units.pages(guessed)} of those, which kswapd removed)" if guessed else ""
    reason = (
        f"{path} evicted {units.pages(evicted)} of {windows.capture.service.cgroup} in {seconds}{estimate}; below this "
        "limit it reclaims its own pages first and leaves the service room for what it needs."
    )
    if (alone := unprotected(windows, [path])) is not None:
        reason += f" {alone}"
    return Recommendation(
        cgroup=path,
        setting=setting,
        current_bytes=record.settings.get(setting),
        value_bytes=value,
        reason=reason,
        arithmetic=lines,
        expected_effect=prediction.sentence(fired.thresholds.get("slow_share"))
        if prediction
        else f"The {units.pages(evicted)} that {path} evicted of the service stay cached.",
        risk=risk(windows, record, setting, value),
        commands=commands(record, setting, value, windows),
        undo=undo(record, setting, windows),
        lasts=lasting(record, setting, windows),
    )


def _backstop(limit: Recommendation, record: CgroupRecord, windows: Windows) -> list[Recommendation]:
    """Return memory.max above memory.high (v2), where no lower one is set."""
    if limit.setting != "memory.high" or limit.value_bytes is None:
        return []
    value = int(limit.value_bytes * BACKSTOP) // MIB * MIB
    current = record.settings.get("memory.max")
    # Above a lower limit of its own, or of the room that it shares with the service, it would never be reached.
    if (current is not None and current <= value) or value >= shared_room(windows, record.path)[0]:
        return []
    return [
        Recommendation(
            cgroup=record.path,
            setting="memory.max",
            current_bytes=current,
            value_bytes=value,
            reason="A backstop above memory.high, for a job that grows faster than reclaim can slow it.",
            arithmetic=[
                f"{BACKSTOP:g} x memory.high of {units.size(limit.value_bytes)}, in whole MiB: {value // MIB} MiB"
            ],
            expected_effect="none while memory.high holds.",
            risk="At memory.max the kernel kills a process of the job (oom_kill) if it cannot reclaim.",
            commands=commands(record, "memory.max", value, windows),
            undo=undo(record, "memory.max", windows),
            lasts=lasting(record, "memory.max", windows),
        )
    ]
