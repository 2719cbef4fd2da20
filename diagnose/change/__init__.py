"""After review: change what a report recommends, watch it, and undo it (`apply`, `rollback`).

`load_report` and `plan` look and refuse; `carry_out` writes; `rollback` goes back by the record. Everything that this
package touches comes in as a `Machine`, so that tests can give it another.
"""

from diagnose.change.carry_out import Outcome, carry_out
from diagnose.change.machine import Machine
from diagnose.change.plan import Planned, plan
from diagnose.change.record import load_record
from diagnose.change.reports import load_report
from diagnose.change.rollback import rollback

__all__ = ["Machine", "Outcome", "Planned", "carry_out", "load_record", "load_report", "plan", "rollback"]
