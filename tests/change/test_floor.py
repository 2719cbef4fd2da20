"""The floor that `apply` keeps is the floor of the report, worked out from one reading instead of a capture's peaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diagnose.change.floor import now
from diagnose.recommend.floor import floor
from tests.helpers.recommend_situations import BATCH, PATHS
from tests.helpers.small_capture import small_windows

READINGS = st.fixed_dictionaries(
    {
        key: st.none() | st.integers(0, 1 << 40)
        for key in ("anon_bytes", "kernel_bytes", "unevictable_bytes", "shmem_bytes")
    }
)


@given(READINGS)
def test_of_steady_memory_both_say_the_same(reading: dict[str, int | None]) -> None:
    samples = {(BATCH, key): [value] * 3 for key, value in reading.items()}
    in_report = floor(small_windows(cgroups=PATHS, windows=2, samples=samples), "/dg/batch")
    assert now({"usage_bytes": 5, **reading}).floor_bytes == (in_report and in_report.bytes)
