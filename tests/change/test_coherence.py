"""A record against itself: everything that `apply` writes fits together, and every edit that does not is refused."""

from __future__ import annotations

from typing import Any

import pytest

from diagnose.change.coherence import check_record, systemd_has_less
from diagnose.change.model import ChangeRecord
from diagnose.errors import UsageError
from tests.helpers.cgroup_trees import ID
from tests.helpers.change_record import change_record
from tests.helpers.change_scene import MIB

UNIT = "/system.slice/nightly.service"
POD = f"/kubepods/burstable/pod1f0c58cf-3f5a-4d2c-9b55-7b5b1f6f0c55/{ID}"
STEPS = [400 * MIB, 300 * MIB, 256 * MIB]


def edited(version: int = 2, persistent: bool = False, service: str = "/dg/svc", **fields: Any) -> ChangeRecord:
    good = change_record(None)
    change = good.changes[0].model_copy(update=fields)
    host = good.host.model_copy(update={"cgroup_version": version})
    who = good.service.model_copy(update={"cgroup": service})
    return good.model_copy(update={"changes": [change], "host": host, "persistent": persistent, "service": who})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"steps_bytes": STEPS},
        {"before_bytes": 500 * MIB, "before_text": f"{500 * MIB}\n", "steps_bytes": STEPS},
        {"before_bytes": 64 * MIB, "before_text": f"{64 * MIB}\n"},
        {"version": 1, "setting": "memory.limit_in_bytes", "before_text": "9223372036854771712\n"},
        {"cgroup": UNIT, "manager": "systemd", "manager_before": "infinity", "persistent": True},
        {"cgroup": UNIT, "manager": "systemd", "manager_before": "infinity", "before_bytes": 0, "before_text": "0\n"},
        {"cgroup": UNIT, "manager": "files"},
        {"cgroup": f"/docker/{ID}", "setting": "memory.max", "manager": "docker", "swap_bytes": -1},
    ],
)
def test_what_apply_writes_fits_together(fields: dict[str, Any]) -> None:
    check_record(edited(**fields))


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"before_text": f"{8 * MIB}\n"}, "was no limit before, and its file held 8 MiB"),
        ({"before_bytes": 8 * MIB}, "was 8 MiB .* before, and its file held no limit"),
        ({"before_text": "-1\n"}, "which cgroup v2 does not write"),
        ({"version": 1, "setting": "memory.limit_in_bytes"}, "which cgroup v1 does not write"),
        ({"steps_bytes": []}, "steps that end elsewhere"),
        ({"steps_bytes": [1 << 28, 4096]}, "steps that end elsewhere"),
        ({"steps_bytes": [4096, 1 << 28]}, "steps that do not fall"),
        ({"steps_bytes": [*range((1 << 28) + 70, 1 << 28, -1), 1 << 28]}, "steps that do not fall"),
        ({"before_bytes": 300 * MIB, "before_text": f"{300 * MIB}\n", "steps_bytes": STEPS}, "steps that do not fall"),
        ({"setting": "memory.low", "steps_bytes": STEPS}, "steps that do not fall"),
        ({"setting": "cgroup.procs"}, "no setting of cgroup v2"),
        ({"setting": "memory.limit_in_bytes"}, "no setting of cgroup v2"),
        ({"cgroup": "/"}, "no cgroup that could be changed"),
        ({"cgroup": "/dg//batch"}, "no cgroup that could be changed"),
        ({"cgroup": "/dg/../etc"}, "contains"),
        ({"service": "/dg/svc/"}, "no path of a cgroup"),
        ({"manager": "systemd"}, "changed through systemd, and belongs to files"),
        ({"cgroup": UNIT, "manager": "docker"}, "changed through docker, and belongs to systemd"),
        ({"cgroup": f"/docker/{ID}", "setting": "memory.max", "manager": "podman"}, "belongs to docker"),
        ({"cgroup": f"/docker/{ID}", "manager": "docker"}, "belongs to files"),
        ({"cgroup": POD}, "belongs to files|belongs to kubernetes"),
        ({"persistent": True}, "kept over reboots"),
        ({"swap_bytes": 0}, "what may be swapped"),
        ({"manager_before": "infinity"}, "says what systemd had"),
        ({"cgroup": UNIT, "manager": "systemd", "manager_before": str(8 * MIB)}, "systemd had less"),
    ],
)
def test_what_apply_never_writes_is_refused(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        check_record(edited(**fields))


def test_one_setting_twice() -> None:
    good = change_record(None)
    with pytest.raises(UsageError, match="twice"):
        check_record(good.model_copy(update={"changes": [*good.changes, *good.changes]}))


@pytest.mark.parametrize(
    ("manager", "value", "less"),
    [
        (None, None, False),
        ("", 4096, False),
        ("infinity", None, False),
        ("4096", None, True),
        ("4095", 4096, True),
        ("5000", 4096, False),  # the kernel rounds it to a page
        ("8192", 4096, False),
        ("18446744073709551615", 4096, False),
    ],
)
def test_what_systemd_has_less(manager: str | None, value: int | None, less: bool) -> None:
    assert systemd_has_less(manager, value) == less
