"""Real workloads in real memory cgroups with known truth: what `diagnose demo` runs and the live tests measure.

`running("noisy-neighbour", 30, say)` sets a parent cgroup with a hard limit, a service and (in most scenarios) a
batch job beside it, and removes all of it afterwards. A further scenario is an entry in `scenarios.SCENARIOS`; a
further kind of workload is one function in `services.py` or `aggressors.py`.
"""

from diagnose.lab.actors import Actor, Scenario
from diagnose.lab.bench import Lab, Truth, running
from diagnose.lab.scenarios import SCENARIOS

__all__ = ["SCENARIOS", "Actor", "Lab", "Scenario", "Truth", "running"]
