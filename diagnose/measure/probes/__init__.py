"""The instruments, one file each: every `Probe` of this folder that has a name is one, no list of them is kept."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from diagnose.measure.probes.base import Probe

__all__ = ["PROBES", "Probe"]

_OTHERS = ""
_ORDER = ("reads", "io-uring", "block", "page-cache", "evictions", "stalls", _OTHERS, "cgroups", "blame", "host")
"""In which captures list them. Those that are not here come where `_OTHERS` is: before "cgroups", which names whom they
saw; a new instrument needs a place of its own only if it is to come earlier or later."""


def _found() -> Iterator[type[Probe]]:
    for file in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{file.name}")
        for kind in vars(module).values():
            if (
                isinstance(kind, type)
                and issubclass(kind, Probe)
                and kind.__module__ == module.__name__
                and "name" in vars(kind)
            ):
                yield kind


def _place(kind: type[Probe]) -> tuple[int, str]:
    return _ORDER.index(kind.name if kind.name in _ORDER else _OTHERS), kind.name


PROBES: tuple[type[Probe], ...] = tuple(sorted(_found(), key=_place))
"""The instruments of a capture, in the order in which they drain and are listed."""
