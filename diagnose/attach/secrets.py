"""Every form that a secret takes on its way: nothing that is printed shows one (pure).

A server may echo what it was sent: the token as it is, the credentials that went over the wire (base64 of EMAIL:TOKEN),
or either of them as a JSON text, an address or a log writes it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "****"
SHORTEST = 4
"""Characters: a shorter part of EMAIL:TOKEN is no secret, and to mask it would blacken every text."""


class Secrets:
    """Masks the secrets that it was made with; `hidden` may be asked of any text, also one in several lines."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for part in _parts(secret) for form in _forms(part)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if forms else None

    def hidden(self, text: str) -> str:
        """Return the text with a mask in place of every form of every secret."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def _parts(secret: str) -> Iterator[str]:
    """Yield what must not be seen: the whole, and of EMAIL:TOKEN the token by itself."""
    yield secret
    _, colon, token = secret.partition(":")
    if colon and len(token) >= SHORTEST:
        yield token


def _forms(secret: str) -> Iterator[str]:
    for plain in (secret, *_encoded(secret)):
        yield from {plain, quote(plain, safe=""), quote_plus(plain), json.dumps(plain)[1:-1]} - {""}


def _encoded(secret: str) -> Iterator[str]:
    """Yield base64 and hexadecimal of a secret; the former also without its padding, and as addresses have it."""
    octets = secret.encode()
    for encoded in (base64.b64encode(octets), base64.urlsafe_b64encode(octets)):
        yield encoded.decode()
        yield encoded.decode().rstrip("=")
    yield octets.hex()
