"""The pictures of a report, as SVG and PNG: `which` says what they show without drawing, `drawing` makes them.

Only drawing imports matplotlib, and this file nothing: what is to be written is known before anything is measured. The
same report gives the same bytes (with the same matplotlib).
"""

FOLDER = "charts"
"""Beside the report."""
NAMES = ("latency-over-time", "latency-modes", "evictions", "page-cache", "miss-ratio")
FILES = tuple(f"{FOLDER}/{name}.{kind}" for name in NAMES for kind in ("svg", "png"))
"""All that there may be."""
