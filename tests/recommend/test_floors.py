"""What cgroups hold and leave, where they come and go, and where peaks are of different moments."""

from __future__ import annotations

from diagnose.recommend.floor import floor
from diagnose.recommend.room import HeldOnHost, others
from diagnose.recommend.sizing import peak_of
from tests.helpers.recommend_situations import GIB, PATHS, only
from tests.helpers.small_capture import MIB, SVC, small_windows

FIRST, SECOND = 20, 30


def test_a_job_that_is_made_anew_keeps_the_floor_of_its_earlier_runs() -> None:
    """The last run had hardly begun when the capture ended: its own peak says nothing about what a run needs."""
    windows = small_windows(
        cgroups=PATHS | {SECOND: "/dg/batch"},
        windows=3,
        samples={
            (FIRST, "anon_bytes"): [400 * MIB, 400 * MIB, None, None],
            (SECOND, "anon_bytes"): [None, None, 5 * MIB, 5 * MIB],
        },
    )
    assert peak_of(windows, "/dg/batch", "anon_bytes") == 400 * MIB
    least = floor(windows, "/dg/batch")
    assert least is not None
    assert least.bytes == 500 * MIB


def test_anonymous_memory_of_different_moments_is_not_added_up() -> None:
    """Each holds 1 GiB in a window of its own, so that the rest of the host holds 1 GiB of 4 at any time."""
    host = {"meminfo.MemAvailable_bytes": [2 * GIB, 2 * GIB, 2 * GIB, 2 * GIB]}
    apart = {
        (SVC, "anon_bytes"): [GIB, GIB, 0, GIB // 2],
        (FIRST, "anon_bytes"): [0, 0, GIB, GIB // 2],
    }
    windows = small_windows(cgroups=PATHS, windows=3, samples=apart, host=host)
    rest = others(windows, ["/dg/batch"], None)
    assert rest is not None
    assert rest.bytes == windows.capture.host.memory_bytes - 2 * GIB - GIB


def test_where_anonymous_memory_was_not_read_its_peak_stands_for_it() -> None:
    host = {"meminfo.MemAvailable_bytes": [2 * GIB] * 4}
    windows = small_windows(
        cgroups=PATHS, windows=3, samples={(FIRST, "anon_bytes"): [GIB, None, None, None]}, host=host
    )
    rest = others(windows, ["/dg/batch"], None)
    assert rest is not None
    assert rest.bytes == windows.capture.host.memory_bytes - 3 * GIB


def test_shared_memory_of_the_neighbour_is_not_laid_to_the_rest_of_the_host_as_well() -> None:
    """Of a database, say: it is in the neighbour's floor, and in the room twice it would leave nothing."""
    host = {"meminfo.MemAvailable_bytes": [2 * GIB] * 4}
    windows = small_windows(
        cgroups=PATHS,
        windows=3,
        samples={(FIRST, "anon_bytes"): [GIB] * 4, (FIRST, "shmem_bytes"): [6 * GIB] * 4},
        host=host,
    )
    rest = others(windows, ["/dg/batch"], None)
    assert rest is not None
    assert rest.bytes == windows.capture.host.memory_bytes - 2 * GIB - 7 * GIB
    held = only(HeldOnHost, rest.parts)
    assert (held.own_bytes, held.apart) == (7 * GIB, ("/dg/svc", "/dg/batch"))


def test_a_reading_from_before_the_capture_makes_no_floor() -> None:
    """On a host with more busy cgroups than are read in every window: what it came to hold meanwhile is not known."""
    once = {(FIRST, "anon_bytes"): [5 * MIB, None, None, None]}
    assert floor(small_windows(cgroups=PATHS, windows=3, samples=once), "/dg/batch") is None
