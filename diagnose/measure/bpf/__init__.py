"""The programs in the kernel: what they must know of it (BTF, tracefs), their compiler, attaching them, their maps.

Building begins before anything heavy is imported, so this package and what it needs stay light: no numpy, no pydantic
but in `module.py` and `maps.py`, which come after.
"""
