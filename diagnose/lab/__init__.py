"""Real workloads in real memory cgroups with known truth: what `diagnose demo` runs and the live tests measure.

`running("noisy-neighbour", 30, say)` sets a parent cgroup with a hard limit, a service and (in most scenarios) a
batch job beside it, and removes all of it afterwards. A further scenario is an entry in `scenarios.SCENARIOS`; a
further kind of workload is one function in `services.py` or `neighbours.py`.
"""

from pathlib import Path

from diagnose.lab.bench import Lab, Truth, running
from diagnose.lab.scenarios import SCENARIOS
from diagnose.lab.workloads import Scenario, Workload

__all__ = ["RECORDED", "SCENARIOS", "Lab", "Scenario", "Truth", "Workload", "running"]

RECORDED = Path(__file__).parent / "recorded"
"""One live capture of each scenario, `<scenario>.capture.json.gz`: replayed where nothing can be measured."""
