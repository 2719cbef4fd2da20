"""Draws the pictures of a report with matplotlib, which is imported here alone, and only when there is one to draw."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.report.charts import svg, theme
from diagnose.report.charts.which import Picture, which

if TYPE_CHECKING:
    from diagnose.report.model import Report

DOTS_PER_INCH = 144


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
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells of slow font lists on standard error
    with _own_cache():
        with _away():
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
def _away() -> Iterator[None]:
    """Leave the current folder, where matplotlib would look for a matplotlibrc first."""
    here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir("/")
        yield
    finally:
        os.fchdir(here)
        os.close(here)


@contextlib.contextmanager
def _own_cache() -> Iterator[None]:
    """Keep matplotlib from writing its list of fonts to the home folder: a run leaves its report behind and no more.

    Who sets MPLCONFIGDIR has chosen a place.
    """
    if "MPLCONFIGDIR" in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="diagnose-fonts-") as folder:
        os.environ["MPLCONFIGDIR"] = folder
        try:
            yield
        finally:
            del os.environ["MPLCONFIGDIR"]
