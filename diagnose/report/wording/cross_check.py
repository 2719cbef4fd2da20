"""What comes of the cross-check of refaults, in words (pure)."""

from __future__ import annotations

from diagnose.report.measurements.eviction_models import Agreement
from diagnose.report.measurements.model import Measurements

VERDICTS: dict[Agreement, str] = {
    "unchecked": "not checked: the kernel's count was not read",
    "doubtful": (
        "the reads laid to evictors here are doubtful, since more pages were seen to come back than the kernel "
        "accounts for; evictions and refaults are counted by other probes and are not in doubt"
    ),
    "excused": "the two do not contradict each other, since the kernel leaves out the pages named above",
    "incomplete": "the blame is incomplete: the kernel counts many more, evicted before the capture or forgotten since",
    "agreed": "the two agree within the stated tolerance",
}


def with_verdict(measured: Measurements) -> Measurements:
    """Return the measurements with the verdict of their cross-check written out."""
    if measured.blame is None or (agreement := measured.blame.cross_check.agreement) is None:
        return measured
    check = measured.blame.cross_check.model_copy(update={"verdict": VERDICTS[agreement]})
    return measured.model_copy(update={"blame": measured.blame.model_copy(update={"cross_check": check})})
