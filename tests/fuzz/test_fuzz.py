"""A short fuzz of everything that is read and was written by somebody else; `make fuzz` is the long one."""

from __future__ import annotations

import resource

import pytest

from .guard import CPU_SECONDS, MEMORY_BYTES, HangError, guarded
from .rounds import round_of
from .targets import TARGETS

EXAMPLES = {"capture-files": 25, "rule-files": 25, "report-files": 40, "btf-blobs": 60, "tracefs-formats": 60}


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_ends_in_a_result_or_in_one_error(name: str) -> None:
    round_of(TARGETS[name], EXAMPLES.get(name, 60), 0)


def test_the_guard_ends_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.guard.CPU_SECONDS", 0.05)
    assert CPU_SECONDS > 1
    with pytest.raises(HangError):
        _forever()


def test_the_guard_bounds_memory() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(MemoryError), guarded():
        bytearray(2 * MEMORY_BYTES)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def _forever() -> None:
    with guarded():
        while True:
            pass
