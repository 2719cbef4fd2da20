"""The maps of the BPF programs, read and written as numpy arrays."""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diagnose.cgroups.spelling import printable
from diagnose.errors import CannotMeasureError


@dataclass
class Table:
    """A BPF map. Keys and values are numpy structured types that mirror the C; sizes are checked at every use."""

    lib: Any
    name: str
    fd: int
    key_bytes: int
    leaf_bytes: int
    max_entries: int

    @classmethod
    def of(cls, lib: Any, module: Any, name: str) -> Table:
        """Return the map that the C calls `name`, of a module of libbcc."""
        # bcc declares the arguments of some of these functions only; without, ctypes cuts a pointer down to an int.
        pointer, encoded = ctypes.c_void_p(module), name.encode()
        number = ctypes.c_ulonglong(lib.bpf_table_id(pointer, encoded))
        return cls(
            lib=lib,
            name=name,
            fd=lib.bpf_table_fd(pointer, encoded),
            key_bytes=lib.bpf_table_key_size_id(pointer, number),
            leaf_bytes=lib.bpf_table_leaf_size_id(pointer, number),
            max_entries=lib.bpf_table_max_entries_id(pointer, number),
        )

    def _check(self, key: np.dtype[Any], value: np.dtype[Any]) -> None:
        if (key.itemsize, value.itemsize) != (self.key_bytes, self.leaf_bytes):
            raise AssertionError(
                f"map {self.name}: C has {self.key_bytes}+{self.leaf_bytes} bytes, "
                f"Python {key.itemsize}+{value.itemsize}"
            )

    def read(self, key: np.dtype[Any], value: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return all keys and values of a hash map, shapes (n,); what is inserted meanwhile may be missing."""
        self._check(key, value)
        keys, values = np.zeros(self.max_entries, key), np.zeros(self.max_entries, value)
        count, token = ctypes.c_uint32(self.max_entries), ctypes.c_uint32()
        result = self.lib.bpf_lookup_batch(
            self.fd, None, ctypes.byref(token), _address(keys), _address(values), ctypes.byref(count)
        )
        if result != 0 and ctypes.get_errno() != errno.ENOENT:  # ENOENT: the end of the map was reached
            return self._read_one_by_one(key, value)
        return keys[: count.value], values[: count.value]

    def _read_one_by_one(self, key: np.dtype[Any], value: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """For kernels without batch operations on this map (before 5.6)."""
        keys, values = np.zeros(self.max_entries, key), np.zeros(self.max_entries, value)
        n, cursor, following = 0, None, np.zeros(1, key)
        while n < self.max_entries and self.lib.bpf_get_next_key(self.fd, cursor, _address(following)) == 0:
            keys[n] = following[0]
            cursor = _address(keys[n : n + 1])
            if self.lib.bpf_lookup_elem(self.fd, cursor, _address(values[n : n + 1])) == 0:
                n += 1
        return keys[:n], values[:n]

    def drain(self, key: np.dtype[Any], value: np.dtype[Any], finished: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take out the rows of windows before `finished`, which no program writes any more."""
        keys, values = self.read(key, value)
        done = keys["window"] < finished
        keys, values = np.ascontiguousarray(keys[done]), values[done]
        self._delete(keys)
        return keys, values

    def _delete(self, keys: NDArray[Any]) -> None:
        count = ctypes.c_uint32(len(keys))
        if len(keys) and self.lib.bpf_delete_batch(self.fd, _address(keys), ctypes.byref(count)) != 0:
            for row in range(len(keys)):  # before 5.6, or a key that is gone already
                self.lib.bpf_delete_elem(self.fd, _address(keys[row : row + 1]))

    def memory_bytes(self, proc: Path = Path("/proc/self/fdinfo")) -> int | None:
        """Return the kernel memory that the map takes, full or empty ("memlock:", proc_pid_fdinfo(5)); None: not told.

        Of a map that allocates as it goes it is the most it can take from 6.4 on, nothing before.
        """
        lines = (proc / str(self.fd)).read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("memlock:")), None)

    def per_cpu(self, index: int, value: np.dtype[Any]) -> NDArray[Any]:
        """Return entry `index` of a per-CPU array, shape (possible CPUs,)."""
        self._check(np.dtype("u4"), value)
        out = np.zeros(_possible_cpus(), value)
        self.lib.bpf_lookup_elem(self.fd, ctypes.byref(ctypes.c_uint32(index)), _address(out))
        return out

    def update(self, index: int, value: NDArray[Any]) -> None:
        """Write entry `index` of an array; for a per-CPU array `value` has one row a possible CPU."""
        if self.lib.bpf_update_elem(self.fd, ctypes.byref(ctypes.c_uint32(index)), _address(value), 0) != 0:
            raise CannotMeasureError(f"map {self.name} cannot be written: {os.strerror(ctypes.get_errno())}")

    def array(self) -> NDArray[np.uint64]:
        """Return a plain array map of u64, shape (max_entries,)."""
        out = np.zeros(self.max_entries, np.uint64)
        for i in range(self.max_entries):
            self.lib.bpf_lookup_elem(self.fd, ctypes.byref(ctypes.c_uint32(i)), _address(out[i : i + 1]))
        return out


def text(raw: bytes) -> str:
    """Return a name in a C string, spelled: what follows its NUL is left over from an earlier use of the buffer."""
    return printable(os.fsdecode(raw.split(b"\0", 1)[0]))


def _address(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _possible_cpus(path: Path = Path("/sys/devices/system/cpu/possible")) -> int:
    """Count the possible CPUs, which is how many values a per-CPU map has ("0-3,8")."""
    parts = (part.partition("-") for part in path.read_text().strip().split(","))
    return sum(int(high or low) - int(low) + 1 for low, _, high in parts)
