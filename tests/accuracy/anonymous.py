"""A capture without the names of the host that it was recorded on."""

from __future__ import annotations

import re

from diagnose.capture.model import Capture
from diagnose.cgroups.paths import is_within
from diagnose.lab.names import PREFIX

LAB = f"/{PREFIX}1"
_FOLDER = re.compile(rf"{PREFIX}\d+(-\w+)?")


def anonymous(capture: Capture) -> Capture:
    """Keep the names of the lab that was measured (with the pid 1), and number everybody else's."""
    top = "/" + capture.service.cgroup.split("/")[1]
    others = sorted(c.path for c in capture.cgroups if not is_within(c.path, top) and c.path != "/")
    new = _numbered(others)

    def renamed(path: str) -> str:
        return LAB + path.removeprefix(top) if is_within(path, top) else new.get(path, path)

    data = capture.model_dump(by_alias=True)
    data["host"] |= {"hostname": "lab", "boot_id": "0", "kernel": re.sub(r"-.*", "", capture.host.kernel)}
    for cgroup in data["cgroups"]:
        beside = {controller: renamed(path) for controller, path in cgroup["beside"].items()}
        cgroup |= {"path": renamed(cgroup["path"]), "name": None, "managed_by": "files", "beside": beside}
    data["service"] |= {"cgroup": renamed(capture.service.cgroup), "name": renamed(capture.service.cgroup)}
    for file in [*data["files"], *(data["blame"] or {"examples": []})["examples"]]:
        file["path"] = _in_the_lab(file["path"])
    for device in data["devices"]:
        device["backing_file"] = _in_the_lab(device["backing_file"])
    return Capture.model_validate(data)


def _numbered(paths: list[str]) -> dict[str, str]:
    """Return other names for paths, such that what lies below what stays as it is."""
    new: dict[str, str] = {}
    for path in sorted(paths):
        above = max((p for p in new if is_within(path, p)), key=len, default="")
        new[path] = f"{new.get(above, '')}/other-{len(new) + 1}"
    return new


def _in_the_lab(path: str | None) -> str | None:
    """Return a path below the lab's folder; None for any other."""
    return _FOLDER.sub("data", path[path.index(PREFIX) :]) if path and PREFIX in path else None
