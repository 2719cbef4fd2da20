"""What the instruments declare: it is all that the battery, the doctor and the report know of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from diagnose.capture.model import ProbeRecord
from diagnose.capture.tables import Tables
from diagnose.measure.bpf.source import battery
from diagnose.measure.polling import NEEDING_BPF
from diagnose.measure.probes import PROBES, Probe
from diagnose.measure.probes.blame import BlameProbe
from diagnose.measure.probes.reads import ReadsProbe

ATTACHMENTS = [other for probe in PROBES for a in probe.attachments for other in (a, *a.stand_ins)]


def test_captures_list_the_instruments_in_the_order_in_which_they_always_did() -> None:
    order = ["reads", "io-uring", "block", "page-cache", "evictions", "stalls", "cgroups", "blame", "host"]
    names = [probe.name for probe in PROBES]
    assert [name for name in names if name in order] == order
    new = [name for name in names if name not in order]
    assert names[6 : 6 + len(new)] == sorted(new)


def test_where_bpf_is_refused_files_give_cgroups_and_host_alone() -> None:
    assert {probe.name for probe in PROBES} - {probe.name for probe in NEEDING_BPF} == {"cgroups", "host"}


def test_every_table_of_a_capture_is_filled_by_one_instrument() -> None:
    assert Counter(field for probe in PROBES for field in probe.fills) == Counter([*Tables.model_fields, "cgroups"])


def test_what_feeds_an_instrument_is_one() -> None:
    names = {probe.name for probe in PROBES}
    assert all(set(probe.fed_by) < names for probe in PROBES)


def test_every_program_that_is_attached_is_in_the_source() -> None:
    text = battery().text
    assert len(ATTACHMENTS) > 10
    for attachment in ATTACHMENTS:
        assert re.search(rf"^int {attachment.function}\(", text, re.MULTILINE), attachment.function


def test_tracepoints_are_named_as_the_kernel_names_them() -> None:
    shapes = {"tracepoint": r"[a-z0-9_]+:[a-z0-9_]+", "raw": r"[a-z0-9_]+", "kprobe": r"[a-z0-9_]+"}
    assert all(re.fullmatch(shapes[a.kind], a.event) for a in ATTACHMENTS)


def record(probe: str, attached: bool = True) -> ProbeRecord:
    return ProbeRecord(probe=probe, attached=attached, reason=None if attached else "refused")


def test_without_what_feeds_it_an_instrument_measures_nothing() -> None:
    others = [record("reads", attached=False), record("page-cache"), record("evictions", attached=False)]
    found = BlameProbe().settled(record("blame"), others)
    assert (found.attached, found.reason) == (False, "it is fed by probes that did not attach: reads, evictions")
    fed = [record(name) for name in BlameProbe.fed_by]
    assert BlameProbe().settled(record("blame"), fed) == record("blame")


def test_without_the_page_cache_probe_hits_and_misses_look_alike() -> None:
    probe = ReadsProbe()
    found = probe.settled(record("reads"), [record("reads"), record("page-cache", attached=False)])
    assert (found.attached, found.missing) == (True, ["read_totals.missed_pages"])
    assert probe.settled(record("reads"), [record("reads"), record("page-cache")]) == record("reads")


def test_an_instrument_must_say_what_it_gives_to_the_capture() -> None:
    with pytest.raises(NotImplementedError):
        Probe().ended(None)  # type: ignore[arg-type]
