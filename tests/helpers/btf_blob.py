"""BTF blobs made by hand (Documentation/bpf/btf.rst), so that the parser is tested without a kernel."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF = range(1, 9)
VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(9, 20)
Member = tuple[str, int, int]
"""Name, type, offset in bits."""


@dataclass
class Blob:
    """Types get the numbers 1, 2, … in the order in which they are added; 0 is void."""

    types: bytes = b""
    strings: bytes = b"\0"
    count: int = 0
    names: dict[str, int] = field(default_factory=lambda: {"": 0})

    def name(self, text: str) -> int:
        if text not in self.names:
            self.names[text] = len(self.strings)
            self.strings += text.encode() + b"\0"
        return self.names[text]

    def add(self, kind: int, name: str, size: int, vlen: int = 0, tail: bytes = b"") -> int:
        self.types += struct.pack("<III", self.name(name), kind << 24 | vlen, size) + tail
        self.count += 1
        return self.count

    def integer(self, name: str = "int", size: int = 4) -> int:
        return self.add(INT, name, size, tail=struct.pack("<I", size * 8))

    def struct(self, name: str, members: list[Member], size: int = 64, kind: int = STRUCT) -> int:
        tail = b"".join(struct.pack("<III", self.name(n), t, bits) for n, t, bits in members)
        return self.add(kind, name, size, len(members), tail)

    def enum(self, name: str, values: dict[str, int]) -> int:
        tail = b"".join(struct.pack("<Ii", self.name(n), v) for n, v in values.items())
        return self.add(ENUM, name, 4, len(values), tail)

    def proto(self, arguments: list[int]) -> int:
        tail = b"".join(struct.pack("<II", 0, t) for t in arguments)
        return self.add(FUNC_PROTO, "", 0, len(arguments), tail)

    def bytes(self) -> bytes:
        header = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return header + self.types + self.strings
