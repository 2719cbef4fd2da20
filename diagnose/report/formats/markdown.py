"""A report as Markdown, for people (pure: the same report gives the same bytes everywhere).

It is rendered from the report alone, so that every number in it is in `report.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from diagnose import escape
from diagnose.report.formats.environment import environment
from diagnose.report.model import Report
from diagnose.report.panels import main_finding

if TYPE_CHECKING:
    from diagnose.report.charts.which import Picture


def render_markdown(report: Report, charts: Mapping[str, Picture] | None = None) -> str:
    """Return `report.md`, with links to the pictures that are written beside it."""

    def chart(name: str) -> Markup:
        shown = (charts or {}).get(name)
        return escape.image(shown.alt, shown.png, shown.svg) if shown else Markup("")

    return render(
        "report.md.j2",
        chart=chart,
        report=report,
        m=report.measurements,
        context=report.measurements.capture,
        main=main_finding(report),
    )


def render(template: str, **context: object) -> str:
    """Return one template of `reports/` as Markdown, whatever is printed escaped; paragraphs one blank line apart."""
    text = environment().get_template(template).render(**context)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
