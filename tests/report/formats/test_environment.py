"""What the templates of a report are rendered with: the part of an instrument is found, and shows its figures."""

from __future__ import annotations

import pytest
from jinja2 import ChoiceLoader, DictLoader

from diagnose.report.formats import environment
from diagnose.report.formats.markdown import render_markdown
from diagnose.resources import folder
from tests.helpers.example_report import example_report

PART = """## New

{% if "new.count" in m.figures %}{{ m.figures["new.count"]|quantity("things") }}{% endif %}
"""


def with_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render reports as if reports/ had the part of one more instrument."""
    made = environment.environment.__wrapped__()
    assert made.loader is not None
    made.loader = ChoiceLoader([DictLoader({"instrument-new.md.j2": PART}), made.loader])
    made.globals["instrument_parts"] = ["instrument-new.md.j2"]
    monkeypatch.setattr("diagnose.report.formats.markdown.environment", lambda: made)


@pytest.mark.parametrize(
    ("figures", "shown"), [({"new.count": 1204.0}, "1,204 things"), ({"new.count": None}, "unknown")]
)
def test_the_part_of_an_instrument_shows_its_figures(
    monkeypatch: pytest.MonkeyPatch, figures: dict[str, float | None], shown: str
) -> None:
    with_part(monkeypatch)
    report = example_report()
    known = report.model_copy(update={"measurements": report.measurements.model_copy(update={"figures": figures})})
    part = render_markdown(known).partition("## New\n")[2].partition("##")[0]
    assert part.strip() == shown


def test_every_part_of_an_instrument_is_found() -> None:
    parts = environment.environment().globals["instrument_parts"]
    assert parts == sorted(path.name for path in folder("reports").glob("instrument-*.md.j2"))
