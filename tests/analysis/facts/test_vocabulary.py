"""Every fact of the vocabulary: described, of the shape it promises, None where nothing was measured."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.analysis.facts import FACTS, Facts, FactSpec, Missing
from diagnose.analysis.facts.vocabulary import Kind, Scope
from diagnose.analysis.windows import CAUSES, KINDS, Windows
from diagnose.capture.file import load
from diagnose.capture.model import Capture, ProbeRecord
from diagnose.histogram import BINS
from tests.helpers.example_report import example_capture
from tests.helpers.paths import RECORDED, WITHOUT_BPF
from tests.helpers.small_capture import Row, small_capture

SPECS = sorted(FACTS.values(), key=lambda spec: spec.name)
OF_SERVICE = [spec for spec in SPECS if spec.scope != "neighbour"]
OF_NEIGHBOUR = [spec for spec in SPECS if spec.scope == "neighbour"]
NAMES = [spec.name for spec in SPECS]
PROBES = {spec.probe for spec in SPECS} - {"capture"}
"""A capture knows of itself how many windows it has."""


def facts_of(capture: Capture) -> Facts:
    return Facts(Windows(capture))


def values(spec: FactSpec, facts: Facts) -> list[object]:
    """Return a fact's value, of each neighbour if it is one of neighbours."""
    whose = facts.neighbours if spec.scope == "neighbour" else [None]
    return [facts.value(spec.name, neighbour) for neighbour in whose]


def check_shape(spec: FactSpec, value: object, windows: int) -> None:
    """Fail unless a value is what its specification promises."""
    if value is None:
        return
    if spec.kind == "number":
        assert isinstance(value, int | float | np.floating), spec.name
        assert np.isfinite(value), spec.name
        if spec.unit == "ratio":
            assert value >= 0, spec.name
    elif spec.kind == "series":
        assert isinstance(value, np.ndarray), spec.name
        assert value.shape == (windows,), spec.name
        assert not np.isinf(value).any(), spec.name
    elif spec.kind == "histogram":
        assert isinstance(value, np.ndarray), spec.name
        assert value.shape == (BINS,), spec.name
        assert (value >= 0).all(), spec.name
    else:
        assert is_dataclass(value), spec.name
        assert value.__hash__ is not None, f"{spec.name}: not frozen"


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_a_fact_says_what_it_is(spec: FactSpec) -> None:
    assert spec.help
    assert "\n" not in spec.help
    assert spec.kind in get_args(Kind)
    assert spec.scope in get_args(Scope)
    assert spec.unit or spec.kind == "text"
    assert spec.name.startswith("neighbour.") == (spec.scope == "neighbour")


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_a_traceback_says_which_fact_failed(spec: FactSpec) -> None:
    """Its function has a name to itself in its module, and says in a sentence what it returns."""
    computes = [other.compute for other in SPECS if other.compute.__module__ == spec.compute.__module__]
    assert spec.compute.__name__.islower()
    assert [c.__name__ for c in computes].count(spec.compute.__name__) == 1
    assert (spec.compute.__doc__ or "").partition("\n\n")[0].endswith(".")


def test_the_help_is_the_docstring_as_a_phrase() -> None:
    assert FACTS["cache.missed"].help == "pages looked up by the service's reads and absent"
    assert FACTS["cpu.used"].help == "CPUs that the service kept busy on average (cpu.stat usage_usec)"
    assert FACTS["reads.p99"].help == "99th percentile of the latency of file reads"


def test_a_fact_of_a_neighbour_is_unknown_without_one() -> None:
    facts = facts_of(example_capture(windows=30))
    assert [spec.name for spec in OF_NEIGHBOUR if facts.value(spec.name) is not None] == []


def test_a_fact_of_the_service_is_the_same_whichever_neighbour_is_asked_about() -> None:
    facts = facts_of(example_capture(windows=30))
    assert facts.value("reads.slow", facts.neighbours[0]) is facts.value("reads.slow")


@pytest.mark.parametrize("windows", [1, 2, 60])
@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_a_fact_of_the_example_has_the_promised_shape(spec: FactSpec, windows: int) -> None:
    facts = facts_of(example_capture(windows=windows))
    for value in values(spec, facts):
        check_shape(spec, value, windows)


@pytest.mark.parametrize("spec", SPECS, ids=NAMES)
def test_a_probe_that_did_not_attach_leaves_its_facts_unknown(spec: FactSpec) -> None:
    capture = small_capture(
        windows=5,
        probes=[ProbeRecord(probe=probe, attached=False, reason="no BPF") for probe in PROBES],
    )
    facts = facts_of(capture)
    if spec.probe in PROBES:
        assert all(value is None for value in values(spec, facts)), spec.name
        assert facts.missing(spec.name) == Missing("probe-not-attached", spec.name, spec.probe, "no BPF")


@pytest.mark.parametrize("spec", OF_SERVICE, ids=lambda spec: spec.name)
def test_a_capture_without_any_window_fails_nothing(spec: FactSpec) -> None:
    facts = facts_of(small_capture(windows=0))
    for value in values(spec, facts):
        check_shape(spec, value, 0)


def test_a_fact_is_computed_once() -> None:
    facts = facts_of(example_capture(windows=30))
    assert facts.value("reads.slow") is facts.value("reads.slow")


def test_a_series_as_a_number_is_its_total() -> None:
    facts = facts_of(example_capture(windows=30))
    assert facts.number("reads.slow") == np.nansum(facts.series("reads.slow"))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("evictions.of_service", Missing("probe-not-attached", "evictions.of_service", "evictions", "EPERM")),
        ("cache.hit_ratio", Missing("probe-not-attached", "cache.hit_ratio", "page-cache", "no tracepoint")),
        ("limit.bytes", Missing("no-limit-set", "limit.bytes", "cgroups")),
        ("cpu.used", Missing("no-quota-of-its-own", "cpu.used", "cgroups")),
        ("reads.slow_share", Missing("no-value", "reads.slow_share", "reads")),
        ("blame.missed_share", Missing("no-value", "blame.missed_share", "blame")),
    ],
)
def test_why_a_fact_is_missing(name: str, missing: Missing) -> None:
    """A probe that says why counts first; then what a service without a limit or a quota lacks."""
    probes = [
        ProbeRecord(probe="evictions", attached=False, reason="EPERM"),
        ProbeRecord(probe="page-cache", attached=True, missing=["insertions"], reason="no tracepoint"),
        ProbeRecord(probe="cgroups", attached=True),
        ProbeRecord(probe="reads", attached=True, reason="a remark"),
    ]
    assert facts_of(small_capture(probes=probes)).missing(name) == missing


ids = st.sampled_from([1, 10, 11, 12, 20, 99])
counts = st.integers(0, 10**6)
windows_of = st.integers(0, 5)
captures = st.builds(
    lambda reads, totals, cache, evictions, readings: small_capture(
        cgroups={1: "/", 10: "/dg", 11: "/dg/svc", 12: "/dg/svc/w", 20: "/batch"},
        windows=6,
        reads=reads,
        totals=totals,
        cache=cache,
        evictions=evictions,
        samples={(i, key): readings for i in (11, 20) for key in ("usage_bytes", "file_bytes", "refault_file_pages")},
        settings={11: {"memory.max": 1 << 28}},
    ),
    st.lists(st.tuples(windows_of, st.sampled_from(KINDS), st.integers(0, BINS - 1), counts), max_size=12),
    st.lists(
        st.builds(
            lambda window, kind, count, ns, some, more: (window, kind, count, ns, ns, max(some, more), min(some, more)),
            *(windows_of, st.sampled_from(KINDS), counts, counts, counts, counts),
        ),
        max_size=8,
    ),
    st.lists(st.tuples(windows_of, ids, counts, counts, counts, counts), max_size=12),
    st.lists(st.tuples(windows_of, ids, ids, st.sampled_from(CAUSES), counts), max_size=12),
    st.lists(st.none() | counts, min_size=7, max_size=7),
)


@given(captures)
def test_no_capture_makes_a_fact_fail_or_break_its_promise(capture: Capture) -> None:
    facts = facts_of(capture)
    for spec in SPECS:
        for value in values(spec, facts):
            check_shape(spec, value, 6)


SHARES = [
    "evictions.by_neighbours_share", "evictions.by_self_share", "evictions.proactive_share", "evictions.kswapd_share",
    "evictions.dropped_share", "evictions.pressure_share",
]  # fmt: skip


@given(st.lists(st.tuples(windows_of, ids, ids, st.sampled_from(CAUSES), counts), max_size=12))
def test_shares_of_the_evictions_are_parts_of_one(evictions: list[Row]) -> None:
    facts = facts_of(
        small_capture(
            cgroups={1: "/", 10: "/dg", 11: "/dg/svc", 12: "/dg/svc/w", 20: "/batch"}, windows=6, evictions=evictions
        )
    )
    known = [share for name in SHARES if (share := facts.number(name)) is not None]
    assert all(0 <= share <= 1 + 1e-9 for share in known)


RECORDINGS = [*sorted(RECORDED.glob("*.capture.json.gz")), *sorted(WITHOUT_BPF.glob("*.capture.json.gz"))]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: f"{path.parent.name}/{path.name.partition('.')[0]}")
def test_no_measurement_is_above_the_most_that_a_fact_can_be(recording: Path) -> None:
    facts = facts_of(load(recording)[0])
    for spec in SPECS:
        if spec.most is not None:
            above = [value for value in values(spec, facts) if value is not None and np.any(value > spec.most)]
            assert above == [], spec.name


def test_what_is_no_share_has_no_most() -> None:
    assert FACTS["reads.slow_share"].most == 1
    assert FACTS["neighbour.held_share"].most is None
    assert FACTS["reads.p99"].most is None
    assert {spec.unit for spec in SPECS if spec.over_one} == {"ratio"}


def test_the_report_shows_the_numbers_of_instruments_that_the_capture_had(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [replace(FACTS[name], shown=True) for name in ("reads.file_count", "stalls.reclaims", "reads.slow")]
    for spec in shown:
        monkeypatch.setitem(FACTS, spec.name, spec)
    probes = [ProbeRecord(probe="reads", attached=True), ProbeRecord(probe="stalls", attached=False, reason="EPERM")]
    totals = [(w, "hit", 3, 600, 0, 3, 0) for w in range(2)]
    old = small_capture(windows=2, totals=totals, probes=probes[:1])
    assert facts_of(old).figures() == {"reads.file_count": 6, "reads.slow": 0}
    new = old.model_copy(update={"probes": probes})
    assert facts_of(new).figures() == {"reads.file_count": 6, "reads.slow": 0, "stalls.reclaims": None}
