"""The numbers of a report: models of what `report.json` holds, and what builds them from a capture (pure).

Everything a report prints comes from here, so that `report.json` holds every number of `report.md`. Base units, in
the names' suffixes; None: not measured. Lists hold the `TOP` largest entries; beside each is how many were left out.
"""
