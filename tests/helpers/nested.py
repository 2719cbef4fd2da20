"""The recorded service that reclaims at its own limit, retold: the limit is on parts of it, the service has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diagnose.capture import file as captures
from diagnose.capture.model import Capture, CgroupRecord
from diagnose.capture.tables import CgroupSamples
from diagnose.lab import RECORDED

MIB = 1 << 20
TOP_ID, OTHER_ID = 2**40, 2**40 + 1
OUTSIDE = 40 * MIB
"""What the service holds outside of the part with the limit."""


OWN_LIMIT = RECORDED / "own-limit.capture.json.gz"


def nested(path: Path = OWN_LIMIT, also_hit: bool = False, elsewhere: int = 0, top: int | None = None) -> Capture:
    """Return the capture with the service's processes in its cgroup `worker`, which has the limit.

    `also_hit`: another part hits a limit of its own; `elsewhere`: pages that came back in the rest of the service, for
    each window; `top`: a limit in bytes on the service itself.
    """
    whole, _ = captures.load(path)
    service = whole.service
    part = next(c for c in whole.cgroups if c.id == service.cgroup_id)
    limits = {"memory.limit_in_bytes": top, "memory.soft_limit_in_bytes": None}
    other = CgroupRecord(id=OTHER_ID, path=f"{part.path}/other", settings=part.settings)
    return whole.model_copy(
        update={
            "service": service.model_copy(update={"cgroup_id": TOP_ID}),
            "cgroups": [
                *(c for c in whole.cgroups if c.id != part.id),
                part.model_copy(update={"path": f"{part.path}/worker"}),
                CgroupRecord(id=TOP_ID, path=part.path, settings=limits),
                *([other] if also_hit else []),
            ],
            "cgroup_samples": _samples(whole.cgroup_samples, part.id, also_hit, elsewhere),
        }
    )


def _samples(recorded: CgroupSamples, part: int, also_hit: bool, elsewhere: int) -> CgroupSamples:
    """Return the readings with those of the service's cgroup, which are the part's and something more."""
    rows = np.flatnonzero(np.asarray(recorded.cgroup) == part)
    further = {"usage_bytes": OUTSIDE, "anon_bytes": OUTSIDE, "refault_file_pages": 0, "limit_hits": 0}
    window, cgroup = list(recorded.window), list(recorded.cgroup)
    values = {key: list(column) for key, column in recorded.values.items()}
    for new in (TOP_ID, *([OTHER_ID] if also_hit else [])):
        for number, row in enumerate(rows):
            window.append(recorded.window[row])
            cgroup.append(new)
            for key, column in values.items():
                read = recorded.values[key][row]
                if new == TOP_ID and key in further and read is not None:
                    read = further[key] if key == "limit_hits" else read + further[key]
                    read += elsewhere * number if key == "refault_file_pages" else 0
                column.append(read)
    return CgroupSamples(window=window, cgroup=cgroup, values=values)
