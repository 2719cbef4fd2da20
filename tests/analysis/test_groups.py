"""Rows by cgroup: every row once, in its order, and sums that add up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diagnose.analysis.groups import Groups

ids = st.lists(st.integers(0, 5) | st.sampled_from([2**32, 2**63, 2**64 - 1]))


@given(ids, st.sets(st.integers(0, 7) | st.just(2**64 - 1)))
def test_the_rows_of_a_cgroup_are_its_rows(cgroups: list[int], wanted: set[int]) -> None:
    groups = Groups(np.array(cgroups, np.uint64))
    for cgroup in wanted:
        assert groups.rows(cgroup).tolist() == [i for i, c in enumerate(cgroups) if c == cgroup]
    assert sorted(groups.rows_of(wanted).tolist()) == [i for i, c in enumerate(cgroups) if c in wanted]
    assert groups.known[groups.index].tolist() == cgroups


@given(ids)
def test_sums_by_cgroup_add_up(cgroups: list[int]) -> None:
    values = np.arange(1, len(cgroups) + 1)
    sums = Groups(np.array(cgroups, np.uint64)).sums(values)
    assert sums == {c: sum(int(v) for v, d in zip(values, cgroups, strict=True) if c == d) for c in set(cgroups)}
