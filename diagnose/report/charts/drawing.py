"""Draws the pictures of a report with matplotlib, imported here alone, and only when there is one to draw."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.report.charts import svg, theme
from diagnose.report.charts.which import Picture, which
from diagnose.resources import away

if TYPE_CHECKING:
    from diagnose.report.model import Report

DOTS_PER_INCH = 144
NOWHERE = "/dev/null"
"""An empty file: settings that say nothing, and a folder that holds no list."""


@dataclass(frozen=True)
class Chart:
    """A drawn picture: the same as a scalable file and as an image of about 1,300 columns."""

    picture: Picture
    svg: bytes
    png: bytes


def draw(report: Report) -> list[Chart]:
    """Return all pictures of the report; a report without anything to draw costs nothing."""
    pictures = which(report)
    if not pictures:
        return []
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of what it cannot keep on standard error
    with _nothing_of_the_hosts():
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()  # whatever a matplotlibrc says
            matplotlib.rcParams.update(theme.RC)
            return [_chart(picture, report) for picture in pictures.values()]


def _chart(picture: Picture, report: Report) -> Chart:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    from diagnose.report.charts import cache, evictions, modes, over_time, room

    painters = {
        "latency-over-time": over_time.paint,
        "latency-modes": modes.paint,
        "evictions": evictions.paint,
        "page-cache": cache.paint,
        "miss-ratio": room.paint,
    }
    figure = painters[picture.name](report)
    scalable, image = io.BytesIO(), io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    FigureCanvasSVG(figure).print_figure(scalable, format="svg", metadata=nothing)
    FigureCanvasAgg(figure).print_figure(image, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return Chart(picture, svg.tidy(scalable.getvalue(), picture.name, picture.title, picture.alt), image.getvalue())


@contextlib.contextmanager
def _nothing_of_the_hosts() -> Iterator[None]:
    """Have matplotlib load its own fonts and settings alone, start no program, and write nothing.

    Left to itself it takes a matplotlibrc from the current folder, from where variables say and from the home folder,
    asks fc-list for fonts, reads all of them, and keeps their list in a folder, which SIGKILL leaves behind.
    """
    # matplotlib looks in the current folder for a matplotlibrc first.
    with away(), _settings_from(NOWHERE):
        import matplotlib
    folders = matplotlib.get_cachedir, matplotlib.get_configdir
    matplotlib.get_cachedir = matplotlib.get_configdir = _no_folder
    try:
        import matplotlib.backends.backend_agg
        import matplotlib.backends.backend_svg

        yield
    finally:
        matplotlib.get_cachedir, matplotlib.get_configdir = folders


def _no_folder() -> str:
    """Return where matplotlib is to keep its list of fonts; it asks when all but the list is there, in font_manager."""
    fonts = sys.modules.get("matplotlib.font_manager")
    if fonts is not None and not hasattr(fonts, "fontManager"):
        find = fonts.findSystemFonts
        own = {"findSystemFonts": lambda folders=None, fontext="ttf": find(folders, fontext) if folders else []}
        vars(fonts).update(own, json_dump=lambda _list, _file: None)
    return NOWHERE


@contextlib.contextmanager
def _settings_from(file: str) -> Iterator[None]:
    before = os.environ.get("MATPLOTLIBRC")
    os.environ["MATPLOTLIBRC"] = file
    try:
        yield
    finally:
        del os.environ["MATPLOTLIBRC"]
        if before is not None:
            os.environ["MATPLOTLIBRC"] = before
