"""The pictures of a report, as SVG and PNG: `files` names them, `which` says which there are, `drawing` makes them.

Only drawing imports matplotlib, and `files` nothing: what is to be written is known before anything is measured. The
same report gives the same bytes (with the same matplotlib).
"""
