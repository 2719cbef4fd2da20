"""What `diagnose doctor` says of hosts that lack one thing each: a fake root, one file changed."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from diagnose import doctor
from diagnose.doctor import Check, Host
from diagnose.errors import CannotMeasureError
from diagnose.measure.bpf.attachment import Attachment

ROOT = "Name:\tx\nUid:\t0\t0\t0\t0\nSeccomp:\t0\n"
INSTRUMENTS = {
    "reads": [
        Attachment("tracepoint", "syscalls:sys_enter_read", "enter_read"),
        Attachment("raw", "mm_filemap_add_to_page_cache", "on_insert"),
    ],
    "block": [Attachment("raw", "block_rq_issue", "on_issue")],
}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Return a host that has everything: root, BTF, tracefs, a v2 memory hierarchy."""
    files = {
        "proc/self/status": ROOT + "CapEff:\t000001ffffffffff\n",
        "proc/self/io": "read_bytes: 0\n",
        "proc/self/mounts": "cgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0\n",
        "proc/filesystems": "nodev\ttracefs\n",
        "proc/kallsyms": "ffffffff81000000 T _text\n",
        "proc/meminfo": "MemAvailable:    4194304 kB\n",
        "proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "proc/sys/kernel/unprivileged_bpf_disabled": "2\n",
        "sys/kernel/btf/vmlinux": "x" * 4096,
        "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
        "sys/fs/cgroup/cgroup.controllers": "cpu io memory\n",
        "var/tmp/.keep": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    events = ("syscalls/sys_enter_read", "filemap/mm_filemap_add_to_page_cache", "block/block_rq_issue")
    for event in events:
        (tmp_path / "sys/kernel/tracing/events" / event).mkdir(parents=True)
    return Host(tmp_path, lambda: Path("/somewhere/bcc"), lambda: 0, lambda: 0, INSTRUMENTS)


def named(found: list[Check], name: str) -> Check:
    """Return the one check of that name."""
    (check,) = (check for check in found if check.name == name)
    return check


def write(path: str, text: str) -> Callable[[Host], None]:
    return lambda host: void((host.root / path).write_text(text))


def remove(path: str) -> Callable[[Host], None]:
    return lambda host: (host.root / path).unlink()


def void(_result: object) -> None:
    """Drop a result: a Callable[[Host], None] has none."""


def test_a_complete_host_can_measure(host: Host) -> None:
    found = doctor.checks(host)
    assert [check for check in found if check.ok is not True and check.name != "disk"] == []
    assert doctor.exit_code(found) == 0
    assert doctor.as_text(found).endswith("The battery can measure here.")


@pytest.mark.parametrize(
    ("break_it", "name", "says"),
    [
        (write("proc/self/status", ROOT + "CapEff:\t0000000000000000\n"), "capabilities", "neither CAP_SYS_ADMIN"),
        (write("proc/self/status", "Uid:\t7\t7\nCapEff:\t0000000000000000\n"), "capabilities", "not root"),
        (write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n"), "lockdown", "confidentiality"),
        (remove("sys/kernel/btf/vmlinux"), "BTF", "no readable /sys/kernel/btf/vmlinux"),
        (write("proc/self/mounts", "proc /proc proc rw 0 0\n"), "memory cgroups", "no cgroup hierarchy"),
    ],
)
def test_an_essential_thing_missing_means_exit_3(
    host: Host, break_it: Callable[[Host], None], name: str, says: str
) -> None:
    break_it(host)
    found = doctor.checks(host)
    check = named(found, name)
    assert check.ok is False
    assert says in check.detail
    assert doctor.exit_code(found) == 3
    text = doctor.as_text(found)
    assert f"Cannot measure here: {name}." in text
    assert ("diagnose latency --no-bpf" in text) is (name != "memory cgroups")


def test_bpf_and_perfmon_do_without_sys_admin(host: Host) -> None:
    (host.root / "proc/self/status").write_text(ROOT + f"CapEff:\t{(1 << 38) | (1 << 39):016x}\n")
    assert named(doctor.checks(host), "capabilities").detail == "root with CAP_BPF and CAP_PERFMON"


def test_a_refused_bpf_call_shows_the_setting(host: Host) -> None:
    found = doctor.checks(replace(host, bpf_errno=lambda: errno.EPERM))
    assert "unprivileged_bpf_disabled = 2" in named(found, "bpf()").detail
    assert doctor.exit_code(found) == 3


def test_a_machine_without_a_known_call_number_is_unknown_not_bad(host: Host) -> None:
    found = doctor.checks(replace(host, bpf_errno=lambda: None))
    assert named(found, "bpf()").ok is None
    assert doctor.exit_code(found) == 0


def test_absent_bcc_names_the_package(host: Host) -> None:
    def find_bcc() -> Path:
        raise CannotMeasureError("bcc is not installed")

    found = doctor.checks(replace(host, find_bcc=find_bcc))
    assert named(found, "bcc").fix == "apt-get install -y python3-bpfcc"
    assert doctor.exit_code(found) == 3


def test_a_missing_tracepoint_costs_its_instrument_only(host: Host) -> None:
    (host.root / "sys/kernel/tracing/events/filemap/mm_filemap_add_to_page_cache").rmdir()
    found = doctor.checks(host)
    check = named(found, "tracepoints: reads")
    assert check.ok is False
    assert "mm_filemap_add_to_page_cache" in check.detail
    assert named(found, "tracepoints: block").ok is True
    assert doctor.exit_code(found) == 0


def test_unmounted_tracefs_is_no_obstacle_and_names_the_command(host: Host) -> None:
    (host.root / "sys/kernel/tracing").rename(host.root / "elsewhere")
    found = doctor.checks(host)
    assert named(found, "tracefs").ok is None
    assert named(found, "tracefs").fix == "mount -t tracefs tracefs /sys/kernel/tracing"
    assert named(found, "tracepoints: block").ok is None
    assert doctor.exit_code(found) == 0


def test_hidden_kallsyms_and_absent_psi_are_reported(host: Host) -> None:
    (host.root / "proc/kallsyms").write_text("0000000000000000 T _text\n")
    (host.root / "proc/pressure/memory").unlink()
    found = doctor.checks(host)
    assert named(found, "kallsyms").ok is None
    assert named(found, "PSI").fix == "boot with psi=1 (a kernel built with CONFIG_PSI=y)"


FILTERED = ROOT.replace("Seccomp:\t0", "Seccomp:\t2") + "CapEff:\t000001ffffffffff\n"


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("Uid:\t1000\t1000\nCapEff:\t0\n", "sudo diagnose doctor"),
        (ROOT + "CapEff:\t0\n", "--cap-add=BPF --cap-add=PERFMON"),
        (FILTERED, "--security-opt seccomp=unconfined"),
        (ROOT + "CapEff:\t000001ffffffffff\n", "security module"),
    ],
)
def test_a_refused_call_is_lifted_by_what_refuses_it(host: Host, status: str, fix: str) -> None:
    (host.root / "proc/self/status").write_text(status)
    found = doctor.checks(replace(host, bpf_errno=lambda: errno.EPERM, perf_errno=lambda: errno.EACCES))
    for name in ("bpf()", "perf events"):
        check = named(found, name)
        assert check.ok is False
        assert fix in (check.fix or "")


def test_a_v1_host_is_told_what_v2_would_add(host: Host) -> None:
    (host.root / "proc/self/mounts").write_text("cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n")
    (host.root / "sys/fs/cgroup/memory").mkdir()
    found = doctor.checks(host)
    assert named(found, "cgroup v2").ok is None
    assert "unified_cgroup_hierarchy=1" in (named(found, "cgroup v2").fix or "")
    assert doctor.exit_code(found) == 0


@pytest.mark.parametrize("gone", [[], ["proc"], ["sys"], ["var"], ["proc", "sys", "var"]], ids=str)
def test_every_limitation_comes_with_what_lifts_it(host: Host, gone: list[str]) -> None:
    for folder in gone:
        (host.root / folder).rename(host.root / f"{folder}-gone")

    def find_bcc() -> Path:
        raise CannotMeasureError("bcc is not installed")

    broken = replace(host, find_bcc=find_bcc, bpf_errno=lambda: errno.ENOSYS, perf_errno=lambda: errno.EPERM)
    found = [check for check in doctor.checks(broken) if check.ok is not True]
    # A tracepoint that was not looked for waits for tracefs, and a hierarchy that is not there for memory cgroups.
    waiting = [check.name for check in found if check.fix is None]
    assert all(name.startswith("tracepoints") or name == "cgroup v2" for name in waiting), waiting
    assert len(found) > 2


def test_an_empty_root_gives_checks_not_exceptions(tmp_path: Path, host: Host) -> None:
    found = doctor.checks(replace(host, root=tmp_path / "nothing"))
    assert doctor.exit_code(found) == 3
    assert named(found, "memory").ok is None


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"CapEff:\nMemAvailable:\n", b"CapEff: x\nMemAvailable: \xc2\xb2 kB\n"]
)
@pytest.mark.parametrize("name", ["proc/self/status", "proc/meminfo", "proc/kallsyms", "proc/filesystems"])
def test_files_that_are_not_as_the_kernel_writes_them(host: Host, name: str, content: bytes) -> None:
    (host.root / name).write_bytes(content)
    found = doctor.checks(host)
    strange = {"proc/self/status": "capabilities", "proc/meminfo": "memory"}.get(name)
    assert strange is None or named(found, strange).ok is not True


def test_what_the_kernel_says_is_shown_on_one_line(host: Host) -> None:
    (host.root / "sys/kernel/security/lockdown").write_text("[a\x1b[31m\nb]")
    assert all(line.isprintable() for line in doctor.as_text(doctor.checks(host)).split("\n"))


def test_json_has_the_verdict_and_every_check(host: Host) -> None:
    found = doctor.checks(host)
    data = json.loads(doctor.as_json(found))
    assert data["can_measure"] is True
    assert len(data["checks"]) == len(found)
    assert set(data["checks"][0]) == {"name", "ok", "detail", "enables", "fix", "essential"}


def test_what_stands_in_for_a_tracepoint_is_as_good(host: Host) -> None:
    by_kprobe = Attachment("kprobe", "filemap_read", "on_filemap_read")
    one = Attachment("raw", "mm_filemap_get_pages", "on_lookup", stand_ins=(by_kprobe,), since="6.12")
    two = Attachment("raw", "newer", "on_it", stand_ins=(Attachment("raw", "older", "on_it"),))
    wanted = replace(host, instruments={"one": [one], "two": [two]})
    missing = named(doctor.checks(wanted), "tracepoints: one")
    assert (missing.ok, missing.detail) == (False, "not in this kernel: mm_filemap_get_pages or kprobe:filemap_read")
    assert missing.fix == "boot Linux 6.12 or later (without it whole reads are classified, pages are not)"
    for path in ("bus/event_source/devices/kprobe/type", "kernel/tracing/events/io_uring/older/format"):
        file = host.root / "sys" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("8\n")
    found = doctor.checks(wanted)
    assert [named(found, f"tracepoints: {name}").ok for name in ("one", "two")] == [True, True]


@pytest.mark.kernel
def test_this_host_finds_its_tracepoints() -> None:
    found = doctor.checks()
    assert [check for check in found if check.name.startswith("tracepoints") and check.ok is None] == []
    assert doctor.exit_code(found) == 0
