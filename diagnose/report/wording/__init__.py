"""Values to sentences: the only Python that writes a report's words, a file a subject (pure).

Nothing reads these sentences back. Cgroups are values until here: a `Writer` names them as it writes.
"""
