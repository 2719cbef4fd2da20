"""What a change is expected to bring."""

from __future__ import annotations

from functools import singledispatch

from diagnose import units
from diagnose.recommend.effects import Effect, OtherLimitFelt, PassedOver, Predicted, RaisedOwn, StaysCached
from diagnose.recommend.prediction import Latency, Prediction
from diagnose.report.wording.limits_rooms import each
from diagnose.report.wording.writer import Writer

_CODES = {
    "none-suggested": "none from a limit, since none is suggested.",
    "backstop": "none while memory.high holds.",
    "swap-fits": "What lay in swap fits, so that reads need not push it out first. How much of their time that saves "
    "was not measured, and the service may grow on: a measurement after the change tells.",
}


@singledispatch
def effect(value: Effect, _writer: Writer) -> str:
    """Write what a change is expected to bring; the codes stand for whole sentences."""
    return _CODES[str(value)]


@effect.register
def predicted(found: Predicted, writer: Writer) -> str:
    if found.with_more_room:
        return f"With more room and the limit together: {reads('under', found.prediction, found.trouble_share)}"
    if found.contained_too:
        others = each(found.contained_too, writer)
        return f"With {others} contained too: {reads('under', found.prediction, found.trouble_share)}"
    return reads("Under", found.prediction, found.trouble_share)


@effect.register
def stays_cached(kept: StaysCached, writer: Writer) -> str:
    start = f"With {each(kept.contained_too, writer)} contained too: the" if kept.contained_too else "The"
    pages = units.pages(kept.evicted_pages)
    return f"{start} {pages} that {writer.cgroup(kept.cgroup)} evicted of the service stay cached."


@effect.register
def raised_own(raised: RaisedOwn, _writer: Writer) -> str:
    prediction = raised.prediction
    text = reads("Under", prediction, raised.trouble_share) if prediction else "Its own reclaim ends."
    if not raised.swaps:
        return text
    return (
        f"{text} That counts the pages of files alone. What lay in swap fits then, so that reads that waited for it "
        f"should end, too{_slow_hits(prediction)}; whether that cures it, a measurement after the change tells."
    )


@effect.register
def passed_over(kept: PassedOver, writer: Writer) -> str:
    return f"up to {units.size(kept.bytes)} of {writer.cgroup(kept.cgroup)} are passed over by reclaim."


@effect.register
def other_limit_felt(limit: OtherLimitFelt, _writer: Writer) -> str:
    return f"none by itself: {limit.setting} stays the limit that is felt."


# ---------------------------------------------------------------- reads before and after


def reads(under: str, prediction: Prediction, trouble_share: float | None) -> str:
    """Write what is gained, and whether the share that stays slow is still a trouble; `under`: the first word."""
    latency, slow, p99 = prediction.latency, "", ""
    if latency is not None:
        slow = f"slow reads go from {units.count(latency.slow_before)} to about {units.count(latency.slow_after)}, "
        p99 = (
            f", the 99th percentile of reads from {units.duration(latency.p99_before_seconds)} to about "
            f"{units.duration(latency.p99_after_seconds)}"
        )
    before, after = prediction.hit_ratio_before, prediction.hit_ratio_after
    ratio = "" if before is None else f", the hit ratio from {units.percent(before)} to {units.percent(after)}"
    return (
        f"{under} the same load, {slow}missed {'ones' if slow else 'reads go'} from "
        f"{units.count(prediction.missed_before)} to about {units.count(prediction.missed_after)}{ratio}{p99}."
        f"{_stays_slow(latency)}{_goes_on(prediction)}{_left(prediction, trouble_share)}"
    )


def _stays_slow(latency: Latency | None) -> str:
    """Name what stays slow, as far as it was measured what that is."""
    if latency is None:
        return " How long a read that becomes a hit will take is not known: none was a hit in this capture."
    if latency.slow_hits_after <= 0 or not latency.slow_hits:
        return ""
    return (
        f" Of those that stay slow about {units.count(latency.slow_missed_after)} miss; about "
        f"{units.count(latency.slow_hits_after)} find their pages in the cache, taking reads that become hits to be "
        f"slow as often as hits are now ({units.count(latency.slow_hits)} of them)."
    )


def _goes_on(prediction: Prediction) -> str:
    """Name the waits that the change does not end."""
    text = ""
    if prediction.missed_after and prediction.proactive_reads:
        text += (
            f" Not ended by it are waits for pages that proactive reclaim took "
            f"({units.counted(prediction.proactive_reads, 'missed reads')} in this capture)."
        )
    if prediction.missed_after and prediction.others_reads:
        text += (
            f" Whether waits end for pages that neighbours took which it leaves alone is not known; "
            f"{units.counted(prediction.others_reads, 'missed reads')} in this capture are counted as going on."
        )
    return text


def _left(prediction: Prediction, trouble_share: float | None) -> str:
    if not prediction.leaves_trouble(trouble_share):
        return ""
    return (
        f" That leaves about {units.percent(prediction.slow_share_after)} of the reads slow, and only below "
        f"{units.percent(trouble_share)} are they sure to be no trouble: this change alone may not end it; what is "
        "left is to be measured after it."
    )


def _slow_hits(prediction: Prediction | None) -> str:
    """Name the slow reads that found their pages in the cache, and so waited for something else: for swap, at most."""
    if prediction is None or prediction.latency is None or not prediction.latency.slow_hits:
        return ""
    return (
        f": {units.count(prediction.latency.slow_hits)} of the slow reads found their pages in the cache and waited "
        f"for something else. If that was swap for all of them, about "
        f"{units.count(prediction.latency.slow_missed_after)} reads stay slow, "
        f"{units.percent(prediction.slow_missed_share_after)}"
    )
