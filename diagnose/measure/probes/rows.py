"""What was drained of a hash map whose keys hold the window, kept until the end of the capture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.measure.bpf.module import Module


class Rows:
    """The rows of one map. `key` and `value` are numpy structured types that mirror the C; the key has a `window`."""

    def __init__(self, table: str, key: np.dtype[Any], value: np.dtype[Any]) -> None:
        """`table`: the map's name in the C."""
        self._table, self._key, self._value = table, key, value
        self._keys: list[NDArray[Any]] = []
        self._values: list[NDArray[Any]] = []

    def drain(self, module: Module, finished: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take over the rows of windows before `finished`; return them, keys and values, shapes (n,)."""
        rows = module.table(self._table).drain(self._key, self._value, finished)
        self.add(*rows)
        return rows

    def add(self, keys: NDArray[Any], values: NDArray[Any]) -> None:
        """Add rows that come from elsewhere."""
        self._keys.append(keys)
        self._values.append(values)

    def until(self, windows: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return all rows of windows before `windows`, ordered by window, then by the rest of the key."""
        keys = np.concatenate(self._keys or [np.zeros(0, self._key)])
        values = np.concatenate(self._values or [np.zeros(0, self._value)])
        keep = keys["window"] < windows
        keys, values = keys[keep], values[keep]
        names = ["window", *(name for name in keys.dtype.names or () if name != "window")]
        order = np.lexsort([keys[name] for name in reversed(names)])
        return keys[order], values[order]
