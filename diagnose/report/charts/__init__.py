"""The pictures of a report, as SVG and PNG: `which` names them without drawing, `drawing` makes them.

Only drawing imports matplotlib. The same report gives the same bytes (with the same matplotlib).
"""

from diagnose.report.charts.which import FILES, FOLDER, Picture, which

__all__ = ["FILES", "FOLDER", "Picture", "which"]
