"""The names of the pictures of a report. No imports: they are checked before the programs are built."""

FOLDER = "charts"
"""Beside the report."""
NAMES = ("latency-over-time", "latency-modes", "evictions", "page-cache", "miss-ratio")
FILES = tuple(f"{FOLDER}/{name}.{kind}" for name in NAMES for kind in ("svg", "png"))
"""All that there may be."""
