"""Numbers for names: by order of appearance, or from a keyed hash."""

from __future__ import annotations

import hashlib
import hmac

KEYED_NUMBERS = 10**8
"""As many keyed numbers there are: 8 digits can still be read, and among 100 names two want the same once in 20,000."""


class Pseudonyms:
    """The same name of the same kind always gets the same number, and no two names of a kind share one."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._numbers: dict[tuple[str, str], int] = {}
        self._taken: dict[str, set[int]] = {}

    def number(self, kind: str, name: str) -> int:
        """Return the number of a name, from 1."""
        if (kind, name) not in self._numbers:
            taken = self._taken.setdefault(kind, set())
            self._numbers[kind, name] = self._new(kind, name, taken)
            taken.add(self._numbers[kind, name])
        return self._numbers[kind, name]

    def label(self, kind: str, name: str, counted_as: str | None = None) -> str:
        """Return "<kind>-<number>"; `counted_as` is the kind to count by, if it is another."""
        return f"{kind}-{self.number(counted_as or kind, name)}"

    def _new(self, kind: str, name: str, taken: set[int]) -> int:
        if self._key is None:
            return len(taken) + 1
        attempt = 0
        while (number := self._hashed(f"{attempt}\0{kind}\0{name}")) in taken:
            attempt += 1
        return number

    def _hashed(self, text: str) -> int:
        digest = hmac.digest(self._key or b"", text.encode(errors="surrogatepass"), hashlib.sha256)
        return int.from_bytes(digest) % (KEYED_NUMBERS - 1) + 1
