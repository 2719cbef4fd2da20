"""Arithmetic with true, false and unknown: Kleene's laws."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from diagnose.rules.evaluate import all_of, any_of, not_

TRUTHS = st.lists(st.sampled_from([True, False, None]), max_size=6)


def test_tables() -> None:
    for a, b in product([True, False, None], repeat=2):
        expected = False if False in (a, b) else None if None in (a, b) else True
        assert all_of([a, b]) is expected
    assert (not_(True), not_(False), not_(None)) == (False, True, None)
    assert (all_of([]), any_of([])) == (True, False)


@given(TRUTHS)
def test_de_morgan_and_double_negation(truths: list[bool | None]) -> None:
    assert not_(all_of(truths)) is any_of([not_(t) for t in truths])
    assert all(not_(not_(t)) is t for t in truths)


@given(TRUTHS, st.randoms())
def test_order_and_repetition_do_not_matter(truths: list[bool | None], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = truths + truths
    random.shuffle(shuffled)
    assert all_of(truths) is all_of(shuffled)
    assert any_of(truths) is any_of(shuffled)


@given(TRUTHS)
def test_learning_an_unknown_never_overturns_what_was_known(truths: list[bool | None]) -> None:
    for combine in (all_of, any_of):
        known = combine(truths)
        for learned in (True, False):
            filled = [learned if t is None else t for t in truths]
            assert known is None or combine(filled) is known
            assert combine(filled) is not None
