"""The page that `make test-kernels` writes, and what counts as right."""

from __future__ import annotations

from diagnose.capture.model import ProbeRecord
from tests.kernels.result import Check, Found, Result
from tests.kernels.scenario import flooded_host
from tests.kernels.table import matrix, page, short

READS = ProbeRecord(probe="reads", attached=True)
CACHE = ProbeRecord(probe="page-cache", attached=True, reason="look-ups by a kprobe")
CHECK = Check(what="rollback", right=True, found="exit 0")


def result(*probes: ProbeRecord, right: bool = True, checks: tuple[Check, ...] = (CHECK,)) -> Result:
    return Result(
        kernel="6.1.0-56-amd64",
        cgroup_version=2,
        probes=list(probes),
        verdict="page-cache-noisy-neighbour, high: batch",
        verdict_right=right,
        without_bpf="inconclusive, low",
        without_bpf_right=right,
        finished=True,
        checks=list(checks),
    )


def test_a_kernel_is_a_line_and_a_probe_a_column() -> None:
    older = result(READS, ProbeRecord(probe="page-cache", attached=True, missing=["cache.looked_up"], reason="none"))
    lines = matrix([result(READS, CACHE), older]).splitlines()
    assert lines[0] == "| Kernel | cgroup | reads | page-cache | Verdict | Right | Without BPF | Right |"
    assert lines[2].startswith("| 6.1.0 | v2 | attached | attached (1) | page-cache-noisy-neighbour")
    assert "| in part (2) |" in lines[3]
    assert lines[-2:] == ["1. look-ups by a kprobe", "2. without cache.looked_up; none"]


def test_a_probe_that_did_not_attach_is_seen_and_wrong() -> None:
    refused = result(READS, ProbeRecord(probe="block", attached=False, reason="a | b\nc"))
    assert "| **no** (1) |" in matrix([refused])
    assert not refused.right
    assert result(READS, CACHE).right


def test_a_wrong_verdict_or_check_is_wrong() -> None:
    assert not result(READS, right=False).right
    wrong = result(READS, checks=(CHECK.model_copy(update={"right": False}),))
    assert not wrong.right
    assert "| rollback | exit 0 | **no** |" in page([wrong])


def test_names_are_a_section_of_their_own() -> None:
    text = page([result(READS)], Found(kernel="6.12.117+deb12-amd64", checks=[CHECK], finished=True))
    assert "## Names of units, with systemd as init (Linux 6.12.117, cgroup v2)" in text
    assert text.count("| rollback | exit 0 | yes |") == 2


def test_a_wrong_verdict_without_bpf_is_wrong() -> None:
    accused = result(READS).model_copy(
        update={"without_bpf": "own-limit-too-small, medium", "without_bpf_right": False}
    )
    assert not accused.right
    assert "| yes | own-limit-too-small, medium | **no** |" in matrix([accused])


def test_a_kernel_whose_guest_did_not_get_to_its_end_is_wrong() -> None:
    assert not result(READS).model_copy(update={"finished": False}).right
    assert not result().right


def test_a_kernel_without_a_probe_has_a_dash() -> None:
    assert "| v2 | attached | – |" in matrix([result(READS), result(CACHE)])
    assert "| v2 | – | attached (1) |" in matrix([result(READS), result(CACHE)])


def test_releases_do_not_name_builds() -> None:
    assert short("6.12.117+deb12-amd64") == "6.12.117"
    assert short("6.18.2-a-machine-of-ours") == "6.18.2"


def test_the_flood_is_as_large_as_the_memory_and_the_hot_file_is_not() -> None:
    scenario = flooded_host(700 << 20)
    service, batch = scenario.workloads
    assert scenario.parent_limit_bytes is None
    assert 0.3 * (700 << 20) < service.file_bytes < 0.5 * (700 << 20)
    assert batch.file_bytes == 700 << 20
