"""A service: SQLite looks up random rows through the page cache. Arguments: DATABASE SECONDS RATE; prints JSON."""

from __future__ import annotations

import json
import random
import resource
import sqlite3
import sys
import time
from pathlib import Path

ROWS, ROW_BYTES = 200_000, 250


def make(path: Path) -> None:
    """Fill a database of some 60 MiB."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, value BLOB)")
        database.executemany(
            "INSERT INTO item VALUES (?, ?)", ((n, random.Random(n).randbytes(ROW_BYTES)) for n in range(ROWS))
        )


def look_up(path: Path, seconds: float, rate: float) -> dict[str, float]:
    """Look up rows one by one, with next to no cache of SQLite's own; return the figures of `services.Served`.

    `rate`: look-ups a second, the next one as soon as it is due; 0: one after the other.
    """
    database = sqlite3.connect(path)
    database.execute("PRAGMA cache_size = 10")
    database.execute("PRAGMA mmap_size = 0")
    choose, taken = random.Random(1), []
    start, end = time.perf_counter_ns(), time.perf_counter_ns() + round(seconds * 1e9)
    before = resource.getrusage(resource.RUSAGE_SELF)
    now = start
    while now < end:
        if rate and (early := start + len(taken) * 1e9 / rate - now) > 0:
            time.sleep(early / 1e9)
        wanted = choose.randrange(ROWS)
        begun = time.perf_counter_ns()
        database.execute("SELECT value FROM item WHERE id = ?", (wanted,)).fetchone()
        now = time.perf_counter_ns()
        taken.append(now - begun)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    taken.sort()
    return {
        "per_second": len(taken) / ((now - start) / 1e9),
        "p50_us": taken[len(taken) // 2] / 1e3,
        "p99_us": taken[len(taken) * 99 // 100] / 1e3,
        "cpu_us": cpu * 1e6 / len(taken),
    }


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if not where.exists():
        make(where)
    print(json.dumps(look_up(where, float(sys.argv[2]), float(sys.argv[3]))))
