"""Where the templates of `reports/` are rendered: what they print is escaped, and what they may call (pure).

Whatever a template prints is escaped unless it passed through a filter of `escape.py`: nothing the system is named can
break out.
"""

from __future__ import annotations

import shlex
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from diagnose import escape, units
from diagnose.report.formats.evidence import deciding, lacks_data, measured, outcome, threshold
from diagnose.report.formats.filters import alike, limits, stall
from diagnose.report.formats.reproduce import reproduce
from diagnose.report.formats.text_figures import eviction_ages, miss_ratio_curve, read_histogram, timeline
from diagnose.report.measurements.model import Measurements
from diagnose.report.wording.hit_ratio import withheld
from diagnose.resources import folder

if TYPE_CHECKING:
    from jinja2.runtime import Context


def named(context: Context, path: str) -> Markup:
    """Return a cgroup for a paragraph: the name that a person knows, and beside it the path."""
    name = _name(context, path)
    return escape.code(path) if name is None else Markup(f"{escape.code(name)} ({escape.code(path)})")  # noqa: S704


def named_cell(context: Context, path: str) -> Markup:
    """Return the same for a table cell."""
    name = _name(context, path)
    if path == "/":
        return Markup(f"{escape.cell(path)} (root)")  # noqa: S704 - escaped
    return escape.cell(path) if name is None else Markup(f"{escape.cell(name)} ({escape.cell(path)})")  # noqa: S704


def _name(context: Context, path: str) -> str | None:
    measured: Measurements = context["m"]
    return measured.names.get(path)


def _finalize(value: object) -> object:
    """Escape whatever a template prints that is not Markdown already; None is unknown."""
    return value if isinstance(value, Markup) else escape.prose(units.UNKNOWN if value is None else value)


def _is_instrument_part(template: str) -> bool:
    """Tell whether a template is the part of one instrument, which the report includes wherever it was added."""
    return template.startswith("instrument-") and template.endswith(".md.j2")


@cache
def environment() -> Environment:
    """Return what renders the templates, with their filters and globals."""
    made = Environment(
        loader=FileSystemLoader(folder("reports")),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "alike": alike,
        "code": escape.code,
        "cell": escape.cell,
        "named": pass_context(named),
        "named_cell": pass_context(named_cell),
        "fence": escape.fence,
        "command": escape.command,
        "one_liner": escape.one_liner,
        "shell": shlex.quote,
        "count": units.count,
        "size": units.size,
        "exact_size": units.exact_size,
        "age": units.age,
        "duration": units.duration,
        "plural": units.plural,
        "percent": units.percent,
        "number": units.number,
        "quantity": units.quantity,
        "limits": limits,
        "measured": measured,
        "threshold": threshold,
        "outcome": outcome,
        "withheld": withheld,
    }
    made.globals |= {
        "deciding": deciding,
        "host_time": units.utc_and_host_time,
        "eviction_ages": eviction_ages,
        "miss_ratio_curve": miss_ratio_curve,
        "read_histogram": read_histogram,
        "lacks_data": lacks_data,
        "reproduce": reproduce,
        "stall": stall,
        "timeline": timeline,
        "instrument_parts": made.list_templates(filter_func=_is_instrument_part),
    }
    return made
