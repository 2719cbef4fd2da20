"""Statistics that survive short captures: modes, series that move together, on/off comparisons (pure, numpy alone).

Every function is deterministic (no random numbers), treats NaN as a missing window, and returns None where the data
are too few to say anything: unknown is a result. `accuracy.py` measures how often each is right.
"""

from diagnose.analysis.statistics.change import ChangePoint, change_point
from diagnose.analysis.statistics.modes import MIN_SAMPLES, Mode, ModeFailure, ModeTest, TwoModes, two_modes
from diagnose.analysis.statistics.multiple import benjamini_hochberg, holm
from diagnose.analysis.statistics.onoff import OnOff, on_off
from diagnose.analysis.statistics.together import Together, moves_together

__all__ = [
    "MIN_SAMPLES",
    "ChangePoint",
    "Mode",
    "ModeFailure",
    "ModeTest",
    "OnOff",
    "Together",
    "TwoModes",
    "benjamini_hochberg",
    "change_point",
    "holm",
    "moves_together",
    "on_off",
    "two_modes",
]
