"""A capture without the names of the host that it was recorded on."""

from __future__ import annotations

import re

from diagnose.cgroups.paths import is_within
from diagnose.lab.owners import PREFIX
from diagnose.models import Capture

LAB = f"/{PREFIX}1"
_FOLDER = re.compile(rf"{PREFIX}\d+(-\w+)?")


def anonymous(capture: Capture) -> Capture:
    """Keep the names of the lab that was measured (with the pid 1), and number everybody else's."""
    top = "/" + capture.service.cgroup.split("/")[1]
    others = sorted(c.path for c in capture.cgroups if not is_within(c.path, top) and c.path != "/")
    new = {path: f"/other-{number}" for number, path in enumerate(others, start=1)}

    def renamed(path: str) -> str:
        return LAB + path.removeprefix(top) if is_within(path, top) else new.get(path, path)

    data = capture.model_dump(by_alias=True)
    data["host"] |= {"hostname": "lab", "boot_id": "0", "kernel": re.sub(r"-.*", "", capture.host.kernel)}
    for cgroup in data["cgroups"]:
        cgroup |= {"path": renamed(cgroup["path"]), "name": None, "managed_by": "files"}
    data["service"] |= {"cgroup": renamed(capture.service.cgroup), "name": renamed(capture.service.cgroup)}
    for file in [*data["files"], *(data["blame"] or {"examples": []})["examples"]]:
        path = file["path"]
        file["path"] = _FOLDER.sub("data", path[path.index(PREFIX) :]) if path and PREFIX in path else None
    return Capture.model_validate(data)
