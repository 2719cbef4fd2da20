"""Where things are in the checkout."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TESTS = CHECKOUT / "tests"
RECORDED = CHECKOUT / "diagnose" / "lab" / "recorded"
"""Real captures of the lab's scenarios, one each."""
WITHOUT_BPF = TESTS / "recorded_without_bpf"
"""The same scenarios, measured without BPF."""
RECORDED_KERNELS = TESTS / "measure" / "bpf" / "recorded"
"""What three kernels say of themselves: BTF and tracefs."""
