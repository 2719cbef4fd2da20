"""What each cgroup brought into memory, v1 and v2, without counting a child's part twice."""

from __future__ import annotations

import numpy as np

from diagnose.analysis.inflow import own_turnover, turnover
from diagnose.analysis.windows import Windows
from tests.helpers.small_capture import MIB, SVC, small_capture

PAGE = 4096
NAMES = {1: "/", 10: "/dg", SVC: "/dg/svc", 20: "/dg/batch", 21: "/dg/batch/one", 30: "/other"}
V1 = {
    (20, "io_read_bytes"): [0, 100 * PAGE, 300 * PAGE],
    (20, "io_written_bytes"): [0, 0, 10 * PAGE],
    (20, "anon_bytes"): [MIB, MIB + 7 * PAGE, MIB],
    (20, "shmem_bytes"): [0, 0, 0],
    (21, "io_read_bytes"): [0, 90 * PAGE, 90 * PAGE],
    (21, "io_written_bytes"): [0, 0, 0],
    (SVC, "io_read_bytes"): [0, 5 * PAGE, 5 * PAGE],
    (SVC, "io_written_bytes"): [0, 0, 0],
}


def windows_of(samples: dict[tuple[int, str], list[int | None]]) -> Windows:
    return Windows(small_capture(cgroups=NAMES, windows=2, samples=samples))


def test_v1_is_what_was_read_and_written_and_the_growth_of_its_own_memory() -> None:
    brought = turnover(windows_of(dict(V1)), 20)
    assert brought is not None
    assert brought.tolist() == [107.0, 210.0]


def test_v2_is_what_it_holds_more_and_what_reclaim_took() -> None:
    samples: dict[tuple[int, str], list[int | None]] = {
        (20, "usage_bytes"): [MIB, MIB, MIB - 3 * PAGE],
        (20, "reclaimed_pages"): [50, 950, 951],
    }
    brought = turnover(windows_of(samples), 20)
    assert brought is not None
    assert brought.tolist() == [900.0, 0.0], "what fell by itself was not brought in"


def test_what_was_not_read_is_unknown() -> None:
    assert turnover(windows_of({(20, "io_read_bytes"): [0, 1, 2]}), 20) is None
    assert turnover(windows_of({}), 20) is None


def test_a_child_s_part_is_not_its_parent_s_and_the_service_is_nobody_s_neighbour() -> None:
    own = own_turnover(windows_of(dict(V1)))
    assert set(own) == {20, 21}
    assert own[21].tolist() == [90.0, 0.0]
    assert own[20].tolist() == [17.0, 210.0]
    assert np.all(own[20] >= 0)
