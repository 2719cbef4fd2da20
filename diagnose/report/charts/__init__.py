"""The pictures of a report, as SVG and PNG: `files` names them, `which` says which there are, `drawing` makes them.

Only drawing imports matplotlib. The same report gives the same bytes (with the same matplotlib).
"""
