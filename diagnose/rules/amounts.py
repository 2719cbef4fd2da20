"""Amounts as people write them: `95 %`, `1 GiB`, `250 ms`, in the unit of the threshold that they stand for (pure)."""

from __future__ import annotations

import re
from decimal import Decimal

from diagnose.rules.document import shown

_PERCENT = {"%": Decimal("0.01")}
_SIZES = {name: Decimal(1024**i) for i, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB"))}
_TIMES = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "min": Decimal(60),
}
WRITTEN = {"ratio": _PERCENT, "probability": _PERCENT, "bytes": _SIZES, "s": _TIMES}
"""What may follow a number where a threshold has one of these units, and what it multiplies the number by."""

PATTERN = r"^[-+]?([0-9]{1,18}(\.[0-9]{1,18})?|\.[0-9]{1,18}) ?[^0-9. ].{0,39}$"
"""The shape of an amount, for the JSON schema: a number and a unit."""

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})")
_EXAMPLES = {"ratio": "95 %", "probability": "5 %", "bytes": "1 GiB", "s": "250 ms"}


def amount(text: str, unit: str) -> float:
    """Return "95 %" as 0.95 where the unit is "ratio"; raises ValueError that says what to write."""
    number = _NUMBER.match(text)
    suffix = text[number.end() :].strip().replace("\u03bc", "µ") if number else ""
    if number is None:
        raise ValueError(f"`{shown(text)}` must be a number, or an amount such as `{example(unit)}`")
    if not suffix:
        raise ValueError(f"`{shown(text)}` is in quotes and must be a number; remove the quotes")
    factors = {unit: Decimal(1)} | WRITTEN.get(unit, {})
    if suffix not in factors:
        units = ", ".join(f"`{name}`" for name in WRITTEN.get(unit, factors))
        raise ValueError(f"`{shown(suffix)}` does not fit the unit {unit}; write {units}, or the number alone")
    return float(Decimal(number[0]) * factors[suffix])


def example(unit: str) -> str:
    """Return an amount as one may write it: "250 ms" where the unit is "s"."""
    return _EXAMPLES.get(unit, f"20 {unit}")


_WORDS = {"percent": "ratio", "per cent": "ratio", "seconds": "s", "milliseconds": "s", "microseconds": "s"}


def unit_of(word: str) -> str | None:
    """Return the unit that a threshold in "ms" or "percent" must have, "s" or "ratio"; None for other words."""
    found = next((unit for unit, factors in WRITTEN.items() if word in factors and word != unit), None)
    return found or _WORDS.get(word)
