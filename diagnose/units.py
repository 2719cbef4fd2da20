"""How quantities are written everywhere in the product: one rounding, one set of units, unknown said as unknown (pure).

Numbers arrive in base units (seconds, bytes, pages, ratios from 0 to 1) and leave as text with 3 significant digits.
Whole counts are exact, with thousands separators. None and NaN are written "unknown", never 0. No locale is consulted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

UNKNOWN = "unknown"
SIGNIFICANT_DIGITS = 3
TIMES = 1.0
"""Above this ratio it is no share of a whole, and no percentage."""

_TIME = ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s"))
_SIZE = tuple((1024.0**i, name) for i, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")))


SECTOR_BYTES = 512
"""A sector of /proc/diskstats, whatever the device's own is (Documentation/admin-guide/iostats.rst)."""


def ratio(part: float | None, whole: float | None) -> float | None:
    """Return part/whole; None where either is unknown or there is nothing to divide."""
    return None if part is None or not whole else part / whole


def share(part: float | None, whole: float | None) -> float | None:
    """Return which share of a whole a part is, 1 at most; None where either is unknown or there is no whole.

    Two counters of the same events differ by some (`capture/sums.py` says by how many), and all is no more than all.
    """
    found = ratio(part, whole)
    return None if found is None else min(found, 1.0)


def significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> float:
    """Round to `digits` significant digits; 0, infinities and NaN stay as they are."""
    if value == 0 or not math.isfinite(value):
        return value
    return float(f"{value:.{digits - 1}e}")


def number(value: float | None) -> str:
    """Write a plain number with 3 significant digits and thousands separators: 1234.5 → "1,230", 0.01234 → "0.0123"."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    rounded = significant(value)
    if rounded == 0:
        return "0"
    decimals = max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: float | None) -> str:
    """Write a whole count exactly: 1234567 → "1,234,567"."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{round(value):,}"


def duration(seconds: float | None) -> str:
    """Write a time given in seconds: 0.00123 → "1.23 ms"; seconds and longer stay in seconds ("3,600 s")."""
    return _scaled(seconds, _TIME)


AT_ONCE = 1e-6
"""Seconds: what was evicted less than that before a read went while the read was already waiting."""


def age(seconds: float | None) -> str:
    """Write how long before a read its page had been evicted."""
    return "while it waited" if seconds is not None and seconds < AT_ONCE else duration(seconds)


def duration_ns(nanoseconds: float | None) -> str:
    """Write a time given in nanoseconds."""
    return duration(None if nanoseconds is None else nanoseconds / 1e9)


def size(value: float | None) -> str:
    """Write a size given in bytes in powers of 1024: 67108864 → "64 MiB"."""
    return _scaled(value, _SIZE)


def exact_size(value: int | None) -> str:
    """Write a size that somebody will set: rounded and exact, "512 MiB (536,870,912 bytes)"."""
    return UNKNOWN if value is None else f"{size(value)} ({count(value)} bytes)"


def pages(value: float | None) -> str:
    """Write a count of pages: "1,234 pages"."""
    return UNKNOWN if value is None else counted(value, "pages")


def percent(ratio: float | None) -> str:
    """Write a ratio as a percentage, above 1 as "12 times"; less than 1 is never "100 %", nor more than 0 "0 %".

    Towards 100 % it is the distance from 100 that keeps its digits, because a hit ratio of 99.97 % is not 100 %.
    """
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    if significant(ratio) > TIMES:
        return f"{number(ratio)} times"
    if 0 < ratio < 1e-6:
        return "< 0.0001 %"
    if 1 - 1e-6 < ratio < 1:
        return "> 99.9999 %"
    if 0.99 < ratio < 1:
        decimals = 1 - math.floor(math.log10((1 - ratio) * 100))
        text = f"{ratio * 100:.{min(max(decimals, 2), 4)}f}"
        return f"{text.rstrip('0').rstrip('.')} %"
    return f"{number(ratio * 100)} %"


def quantity(value: float | str | None, unit: str | None) -> str:
    """Write a value of a fact or a piece of evidence in its unit ("s", "ns", "bytes", "pages", "ratio", "reads/s")."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    writer = _WRITERS.get(unit or "")
    return writer(value) if writer else counted(value, unit or "")


def utc_and_host_time(start: str, utc_offset_seconds: int | None) -> str:
    """Write an ISO 8601 time as UTC with the host's clock beside it; text that is no time is returned as it is."""
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        return start
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    text = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    if utc_offset_seconds is None:
        return f"{text} (the host's time zone is unknown)"
    if utc_offset_seconds == 0:
        return f"{text} (the host's clock is on UTC)"
    try:
        local = moment.astimezone(timezone(timedelta(seconds=utc_offset_seconds)))
    except (ValueError, OverflowError):
        return f"{text} (the host's time zone is unknown)"
    minutes = abs(utc_offset_seconds) // 60
    zone = f"UTC{'-' if utc_offset_seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text} ({local:%Y-%m-%d %H:%M:%S} on the host, {zone})"


def _scaled(value: float | None, steps: tuple[tuple[float, str], ...]) -> str:
    """Write `value` in the largest step that it reaches once rounded: 999.9 µs is "1 ms", not "1,000 µs"."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    magnitude = abs(significant(value))
    factor, name = steps[0] if value else next(s for s in steps if s[0] == 1.0)
    for factor_, name_ in steps:
        if magnitude >= factor_ * (1 - 1e-12) or abs(significant(value / factor_)) >= 1:
            factor, name = factor_, name_
    return f"{number(value / factor)} {name}"


def counted(value: float, noun: str) -> str:
    """Write how many of what, the noun in the plural given: "2 pages", "1 page", "1 process", "1 page per read"."""
    text = count(value) if float(value).is_integer() else number(value)
    return f"{text} {singular(noun) if text == '1' else noun}".rstrip()


def singular(noun: str) -> str:
    """Return a noun of this product in the singular: of "pages per read" the pages, which are what is counted."""
    what, by, rest = noun.partition("/") if "/" in noun else noun.partition(" per ")
    if what.endswith("sses"):
        return f"{what[:-2]}{by}{rest}"
    return f"{what[:-1] if what.endswith('s') and not what.endswith('ss') else what}{by}{rest}"


def plural(value: float, one: str, many: str) -> str:
    """Return the word that goes with a number: (1, "was", "were") → "was"."""
    return one if value == 1 else many


_WRITERS: dict[str, Callable[[float], str]] = {
    "s": duration,
    "seconds": duration,
    "ns": duration_ns,
    "us": lambda value: duration(value / 1e6),
    "µs": lambda value: duration(value / 1e6),
    "ms": lambda value: duration(value / 1e3),
    "bytes": size,
    "ratio": percent,
    "share": percent,
}
