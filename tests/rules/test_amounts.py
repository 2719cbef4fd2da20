"""Amounts as people write them, in the units of thresholds."""

from __future__ import annotations

import re

import pytest

from diagnose.rules.amounts import PATTERN, amount, example, unit_of


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("95 %", "ratio", 0.95),
        ("0.2%", "ratio", 0.002),
        ("250 %", "ratio", 2.5),
        ("5 %", "probability", 0.05),
        ("1 GiB", "bytes", 2**30),
        ("1.5KiB", "bytes", 1536),
        ("7 B", "bytes", 7),
        ("250 ms", "s", 0.25),
        ("10 µs", "s", 0.00001),
        ("10 \u03bcs", "s", 0.00001),
        ("10 us", "s", 0.00001),
        (".5 s", "s", 0.5),
        ("2 min", "s", 120),
        ("20 reads", "reads", 20),
        ("-3 pages/s", "pages/s", -3),
        ("0.25 pages per read", "pages per read", 0.25),
    ],
)
def test_amounts_are_read_in_the_unit(text: str, unit: str, value: float) -> None:
    assert amount(text, unit) == value
    assert re.search(PATTERN, text)


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("much", "ratio", "`much` must be a number, or an amount such as `95 %`"),
        ("much", "reads", "`much` must be a number, or an amount such as `20 reads`"),
        ("", "s", "`` must be a number, or an amount such as `250 ms`"),
        ("0.1", "ratio", "`0.1` is in quotes and must be a number; remove the quotes"),
        ("3 MiB", "ratio", "`MiB` does not fit the unit ratio; write `%`, or the number alone"),
        (
            "1 GB",
            "bytes",
            "`GB` does not fit the unit bytes; write `B`, `KiB`, `MiB`, `GiB`, `TiB`, or the number alone",
        ),
        ("3 %", "reads", "`%` does not fit the unit reads; write `reads`, or the number alone"),
        ("1 2 s", "s", "`2 s` does not fit the unit s; write `ns`, `us`, `µs`, `ms`, `s`, `min`, or the number alone"),
    ],
)
def test_what_is_no_amount_is_told_what_to_write(text: str, unit: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        amount(text, unit)


@pytest.mark.parametrize("unit", ["ratio", "probability", "bytes", "s", "pages", "pages per read"])
def test_an_example_is_an_amount(unit: str) -> None:
    assert amount(example(unit), unit) > 0


@pytest.mark.parametrize(
    ("word", "unit"), [("%", "ratio"), ("percent", "ratio"), ("ms", "s"), ("MiB", "bytes"), ("s", None), ("cats", None)]
)
def test_the_unit_that_a_word_belongs_to(word: str, unit: str | None) -> None:
    assert unit_of(word) == unit
