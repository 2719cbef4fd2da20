"""What a redacted capture keeps: the verdict, every number, the shape of paths; and what its pseudonyms are like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import pipeline, rules
from diagnose.analysis.neighbours import person_level
from diagnose.capture import file as captures
from diagnose.capture.base import Process
from diagnose.capture.model import Capture, CgroupRecord, ProbeRecord, ServiceRecord
from diagnose.capture.redact import cgroup_paths, redact
from diagnose.capture.redact.pseudonyms import Pseudonyms
from diagnose.cgroups import name_of
from diagnose.cgroups.paths import is_within
from diagnose.report.formats.json_text import render_json
from diagnose.report.formats.markdown import render_markdown
from diagnose.report.model import Report
from tests.helpers.example_report import example_capture
from tests.helpers.planted_names import CAPTURES

RULES = rules.load_rules()
KEY = b"0123456789abcdef"
ID = "0123456789abcdef" * 4
POD = "pod00000001-0000-0000-0000-000000000000"
UID = "01234567-89ab-cdef-0123-456789abcdef"


def with_service(name: str, cgroup: str, known_as: str | None = None, **changes: Any) -> Capture:
    """Return a capture whose service is called so and lies there."""
    record = CgroupRecord(id=11, path=cgroup, name=known_as or name_of(cgroup)[0], managed_by=name_of(cgroup)[1])
    return example_capture(
        windows=20,
        requested=20,
        service=ServiceRecord(name=name, cgroup=cgroup, cgroup_id=11, processes=[Process(pid=7, comm="nginx")]),
        **{"cgroups": [CgroupRecord(id=1, path="/"), record], **changes},
    )


# ---------------------------------------------------------------- what stays


def blanked(report: Report) -> Any:
    """Return a report's numbers and structure: every string but the verdict's words becomes "…".

    Rows that tie are listed by name, so the order of rows is left out.
    """

    def go(value: Any) -> Any:
        if isinstance(value, dict):
            by_path = any(key.startswith("/") for key in value)
            return sorted(map(go, value.values())) if by_path else {key: go(item) for key, item in value.items()}
        if isinstance(value, list):
            rows = [go(item) for item in value]
            return sorted(rows, key=str) if value and isinstance(value[0], dict) else rows
        return "…" if isinstance(value, str) else value

    plain = report.model_dump(mode="json")
    words = [(f.rule, f.confidence, [c.share for c in f.culprits]) for f in report.findings]
    changes = [(r.setting, r.current_bytes, r.value_bytes, len(r.arithmetic)) for r in report.recommendations]
    plain["measurements"]["capture"].pop("redacted")
    return report.verdict.status, report.verdict.rule, words, changes, go(plain)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.name.split(".")[0])
def test_the_report_of_a_redacted_capture_says_the_same_of_other_names(path: Path) -> None:
    capture, _ = captures.load(path)
    assert blanked(pipeline.analyse(redact(capture), RULES)) == blanked(pipeline.analyse(capture, RULES))


def test_the_redacted_capture_gives_the_redacted_report_again() -> None:
    redacted = redact(example_capture(windows=60, requested=60))
    again = captures.parse(captures.to_bytes(redacted), "capture.json.gz")
    assert again == redacted
    one, two = (pipeline.analyse(c, RULES) for c in (redacted, again))
    assert (render_markdown(one), render_json(one)) == (render_markdown(two), render_json(two))


def test_reasons_of_this_program_stay_and_names_in_them_go() -> None:
    reason = (
        "the cgroup /dg/svc was removed during the capture (restarted?); a new one of the same name was not measured"
    )
    probes = [
        ProbeRecord(probe="service", attached=False, reason=reason),
        ProbeRecord(probe="reads", attached=False, reason="[Errno 13] Permission denied: '/home/bob/x' on 10.1.2.3"),
        ProbeRecord(probe="host", attached=True, reason="this kernel keeps no /proc/pressure", how_to_enable="psi=1"),
    ]
    got = redact(example_capture(windows=5, requested=5, probes=probes)).probes
    assert got[0].reason == reason.replace("/dg/svc", "/cgroup-1/cgroup-2")
    assert got[1].reason == "[Errno 13] Permission denied: [redacted] on [redacted]"
    assert (got[2].reason, got[2].how_to_enable) == ("this kernel keeps no /proc/pressure", "psi=1")


def test_every_reason_and_counter_of_the_recorded_captures_stays() -> None:
    for path in CAPTURES:
        capture, _ = captures.load(path)
        redacted = redact(capture)
        assert redacted.probes == capture.probes
        assert list(redacted.host_samples.values) == list(capture.host_samples.values)
        assert list(redacted.cgroup_samples.values) == list(capture.cgroup_samples.values)
        assert redacted.lost == capture.lost
        assert [list(c.settings) for c in redacted.cgroups] == [list(c.settings) for c in capture.cgroups]


# ---------------------------------------------------------------- cgroups

PARTS = st.sampled_from(
    [
        "system.slice", "user.slice", "user-1000.slice", "user@1000.service", "app.slice", "checkout.service",
        "acme.slice", "acme-shop.slice", "session-3.scope", "session-c3.scope", "init.scope", "docker", ID,
        ID[::-1], f"docker-{ID}.scope", f"libpod-{ID}.scope", f"cri-containerd-{ID}.scope", f"acme-{ID}.scope",
        "kubepods", "burstable", "kubepods.slice", "kubepods-burstable.slice", "acme-kubepods-x.slice",
        f"kubepods-burstable-pod{UID.replace('-', '_')}.slice", f"pod{UID}", f"pod{UID.replace('-', '')}",
        f"acme-kubepods-pod{UID}.slice", "svc", "batch", "user", "cgroup-1", "unit-1.service", "kubepods-1",
        "libpod_parent", "a b\\x0a", "é",
    ]
)  # fmt: skip
PATHS = st.lists(PARTS, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))


@given(one=PATHS, two=PATHS, key=st.none() | st.just(KEY))
def test_what_the_analysis_reads_in_a_path_stays(one: str, two: str, key: bytes | None) -> None:
    names = Pseudonyms(key)
    a, b = cgroup_paths.path(one, names), cgroup_paths.path(two, names)
    assert (a == b) == (one == two)
    assert is_within(a, b) == is_within(one, two)
    for path, pseudonym in ((one, a), (two, b)):
        assert name_of(pseudonym)[1] == name_of(path)[1]
        assert (name_of(pseudonym)[0] is None) == (name_of(path)[0] is None)
        assert pseudonym.count("/") == path.count("/")
    assert person_level(a, b) == cgroup_paths.path(person_level(one, two), names)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/dg/svc", "/cgroup-1/cgroup-2"),
        ("/dg/dg", "/cgroup-1/cgroup-1"),
        ("/system.slice/checkout.service", "/system.slice/unit-1.service"),
        ("/acme.slice/checkout.socket", "/unit-1.slice/unit-2.socket"),
        ("/user.slice/user-1003.slice/user@1003.service", "/user.slice/user-1.slice/user@1.service"),
        (f"/system.slice/docker-{ID}.scope", f"/system.slice/docker-000000000001{'0' * 52}.scope"),
        (f"/docker/{ID}", f"/docker/000000000001{'0' * 52}"),
        (f"/kubepods/burstable/pod{UID}/{ID}", f"/kubepods/burstable/{POD}/000000000001{'0' * 52}"),
    ],
)  # fmt: skip
def test_pseudonyms_of_paths_can_be_read(path: str, expected: str) -> None:
    assert cgroup_paths.path(path, Pseudonyms(None)) == expected


# ---------------------------------------------------------------- the service's name


@pytest.mark.parametrize(
    ("name", "cgroup", "expected"),
    [
        ("checkout", "/system.slice/checkout.service", "unit-1"),
        ("checkout.service", "/system.slice/checkout.service", "unit-1.service"),
        ("/dg/svc", "/dg/svc", "/cgroup-1/cgroup-2"),
        ("dg/svc", "/dg/svc", "cgroup-1/cgroup-2"),
        ("/sys/fs/cgroup/dg/svc", "/dg/svc", "/sys/fs/cgroup/cgroup-1/cgroup-2"),
        ("pid:123", "/dg/svc", "pid:123"),
        ("comm:nginx", "/dg/svc", "comm:process-1"),
        ("comm:kswapd0", "/dg/svc", "comm:kswapd0"),
        (ID[:5], f"/docker/{ID}", "000000000001"),
        ("web-shop", f"/docker/{ID}", "name-1"),
        ("shop/checkout", f"/kubepods/pod{UID}", "namespace-1/pod-1"),
        ("svc", "/svc", "cgroup-1"),
    ],
)
def test_the_service_is_named_in_the_way_it_was(name: str, cgroup: str, expected: str) -> None:
    redacted = redact(with_service(name, cgroup))
    assert redacted.service.name == expected
    assert redacted.cgroups[1].path == redacted.service.cgroup
    assert redacted.cgroups[1].name == name_of(redacted.service.cgroup)[0]


@pytest.mark.parametrize(
    ("known_as", "cgroup", "expected"),
    [
        ("web-shop", f"/docker/{ID}", "container-1"),
        ("shop/checkout", f"/kubepods/pod{UID}", "namespace-1/pod-1"),
        ("shop/checkout/app", f"/kubepods/pod{UID}/{ID}", "namespace-1/pod-1/container-1"),
        ("worker in checkout.service", "/system.slice/checkout.service/worker", "cgroup-2 in unit-1.service"),
        ("a/b in checkout.service", "/system.slice/checkout.service/a/b", "cgroup-2/cgroup-3 in unit-1.service"),
        (f"{ID[:12]} in a.service", f"/system.slice/a.service/libpod-payload-{ID}", "000000000001 in unit-1.service"),
        ("worker in shop/checkout", f"/kubepods/pod{UID}/{ID}/worker", "cgroup-1 in namespace-1/pod-1"),
        ("my name", "/dg/svc", "name-1"),
    ],
)  # fmt: skip
def test_names_that_a_runtime_gave_say_the_same_of_pseudonyms(known_as: str, cgroup: str, expected: str) -> None:
    redacted = redact(with_service(cgroup, cgroup, known_as))
    assert redacted.cgroups[1].name == expected
    assert redacted.cgroups[1].path == redacted.service.cgroup


# ---------------------------------------------------------------- other names


def test_the_kernel_s_own_names_stay_and_others_go() -> None:
    comms = ["kswapd0", "kdamond.0", "kworker/u8:1-flush-254:0", "kworker/u8:1", "python", "kswapd0-acme", "kswapdx"]
    processes = [Process(pid=n + 1, comm=comm) for n, comm in enumerate(comms)]
    capture = example_capture(windows=5, requested=5)
    capture = capture.model_copy(update={"service": capture.service.model_copy(update={"processes": processes})})
    assert [p.comm for p in redact(capture).service.processes] == [
        "kswapd0", "kdamond.0", "kworker/u8:1", "kworker/u8:1", "process-1", "kswapd0", "process-2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("6.18.44", "6.18.44"),
        ("6.1.0-13-cloud-amd64", "6.1.0-13-cloud-amd64"),
        ("5.14.0-362.8.1.el9_3.x86_64", "5.14.0-362.8.1.el9_3.x86_64"),
        ("6.6.87.2-microsoft-standard-WSL2", "6.6.87.2-microsoft-standard-WSL2"),
        ("6.8.0-rc1+", "6.8.0-rc1+"),
        ("6.1.0-acme-prod2-amd64", "6.1.0-redacted-redacted-amd64"),
    ],
)
def test_a_kernel_keeps_its_version_and_loses_whose_it_is(release: str, expected: str) -> None:
    capture = example_capture(windows=5, requested=5)
    capture = capture.model_copy(update={"host": capture.host.model_copy(update={"kernel": release})})
    assert redact(capture).host.kernel == expected


def test_hosts_boots_files_and_foreign_mounts_are_pseudonyms() -> None:
    capture = example_capture(windows=20, requested=20, cgroup_mount="/acme/cgroups")
    redacted = redact(capture)
    assert (redacted.host.hostname, redacted.host.boot_id) == ("host-1", "boot-1")
    assert redacted.cgroup_mount == "/dir-1/file-1"
    assert [f.path for f in capture.files if f.path]
    assert all(part.startswith(("dir-", "file-")) for f in redacted.files for part in (f.path or "").split("/") if part)


# ---------------------------------------------------------------- numbers


def test_without_a_key_pseudonyms_are_counted() -> None:
    names = Pseudonyms(None)
    assert [names.label("x", n) for n in ("b", "a", "b", "c")] == ["x-1", "x-2", "x-1", "x-3"]
    assert names.label("y", "c") == "y-1"


def test_with_a_key_they_are_the_same_in_every_capture_and_other_ones_with_another_key() -> None:
    one, two = (with_service("x", f"/{top}/svc.service") for top in ("a", "b"))
    leaf = {redact(c, KEY).service.cgroup.rsplit("/", 1)[1] for c in (one, two)}
    assert len(leaf) == 1
    assert redact(one, KEY) != redact(one, KEY[::-1])
    assert redact(one, KEY) == redact(one, KEY)
    assert redact(one, KEY).host.hostname == redact(two, KEY).host.hostname != "host-1"


@given(st.sets(st.text(max_size=4), max_size=60))
def test_keyed_numbers_are_never_shared(texts: set[str]) -> None:
    names = Pseudonyms(KEY)
    assert len({names.number("x", text) for text in texts}) == len(texts)


def test_two_names_that_want_the_same_number_get_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnose.capture.redact.pseudonyms.KEYED_NUMBERS", 6)
    names = Pseudonyms(KEY)
    assert sorted(names.number("x", text) for text in "abcde") == [1, 2, 3, 4, 5]


def test_a_redacted_capture_stays_as_it_is() -> None:
    redacted = redact(example_capture(windows=20, requested=20))
    assert redact(redacted) is redacted
    assert redact(redacted, KEY) is redacted
