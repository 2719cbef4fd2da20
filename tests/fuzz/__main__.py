"""`make fuzz`: rounds of examples for a given time, a target after the other; exit 1 if one of them finds a bug."""

from __future__ import annotations

import argparse
import faulthandler
import secrets
import tempfile
import time
import traceback
from pathlib import Path

from tests.fuzz import costs
from tests.fuzz.rounds import round_of
from tests.fuzz.targets import TARGETS

EXAMPLES = 200
COSTS = "costs"
NAMES = (*TARGETS, COSTS)
WALL_SECONDS = 600
"""For one round: one that neither ends nor uses the CPU waits for something."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"{', '.join(NAMES)}; none: all")
    parser.add_argument("--seconds", type=float, default=600, help="for all targets together (default: 600)")
    parser.add_argument("--seed", type=int, help="of the first round (default: another one each time)")
    options = parser.parse_args()
    unknown = [name for name in options.targets if name not in NAMES]
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    first = secrets.randbelow(10**6) if options.seed is None else options.seed
    names = options.targets or list(NAMES)
    found = [name for name in names if _fuzz(name, options.seconds / len(names), first)]
    print(f"bugs found by: {', '.join(found)}" if found else "no bug was found")
    return 1 if found else 0


def _costly(seconds: float, first: int) -> bool:
    """Look for captures that cost much; returns whether one was found, which is printed."""
    where = Path(tempfile.mkdtemp(prefix="diagnose-fuzz-"))
    tried, found = costs.search(first, time.monotonic() + seconds, where)
    print(f"{COSTS}: {tried} captures from --seed {first} on, {len(found) or 'none'} too costly", flush=True)
    if not found:
        where.rmdir()
    return bool(found)


def _fuzz(name: str, seconds: float, first: int) -> bool:
    """Fuzz one target; returns whether a bug was found, which is printed."""
    if name == COSTS:
        return _costly(seconds, first)
    end, number = time.monotonic() + seconds, first
    while time.monotonic() < end:
        faulthandler.dump_traceback_later(WALL_SECONDS, exit=True)
        try:
            round_of(TARGETS[name], EXAMPLES, number)
        except BaseException:
            print(f"{name}: a bug in the round of --seed {number}:", flush=True)
            traceback.print_exc()
            return True
        finally:
            faulthandler.cancel_dump_traceback_later()
        number += 1
    print(f"{name}: {(number - first) * EXAMPLES} examples from --seed {first} on, no bug", flush=True)
    return False


if __name__ == "__main__":
    raise SystemExit(main())
