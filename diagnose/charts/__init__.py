"""The pictures of a report, as SVG and PNG: `which` names them without drawing, `draw` makes them.

Only `draw` imports matplotlib. The same report gives the same bytes (with the same matplotlib).
"""

from diagnose.charts.drawing import Chart, draw
from diagnose.charts.which import FILES, FOLDER, Picture, which

__all__ = ["FILES", "FOLDER", "Chart", "Picture", "draw", "which"]
