"""Statistics that survive short captures: modes, series that move together, on/off comparisons (pure, numpy alone).

Every function is deterministic (no random numbers), treats NaN as a missing window, and returns None where the data
are too few to say anything: unknown is a result. `accuracy.py` measures how often each is right.
"""

from diagnose.statistics.change import ChangePoint, change_point
from diagnose.statistics.modes import MIN_SAMPLES, Mode, ModeTest, TwoModes, two_modes
from diagnose.statistics.multiple import benjamini_hochberg, holm
from diagnose.statistics.onoff import OnOff, on_off
from diagnose.statistics.together import Together, moves_together

__all__ = [
    "MIN_SAMPLES",
    "ChangePoint",
    "Mode",
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
