"""Good input, spoilt: bytes and JSON documents. All of it drawn from a `Random`, so that hypothesis can shrink it."""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

WORDS = (
    "", "0", "-1", "99999999999999999999", "9" * 5000, "1e999", "nan", "NaN", "Infinity", "-0", "0x10", "1_000",
    "²", "٣", "null",
    "max", "../../etc/passwd", "/", "//", "/..", "a\nb", "\x1b[31m", "\0", "\u202e", "\ud800", "x" * 5000,
    "%s%n",    "{{7*7}}", "$(id)", "!!python/object:os.system", "&a", "*a", "(a+)+$", "(" * 200, "[" * 2000, " " * 3000,
)  # fmt: skip
NUMBERS = (0, -1, 1, 2, 255, 256, 287, 288, 511, 512, 2**31, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, 2**70, 10**400)
FLOATS = (0.5, -0.0, 1e308, -1e308, float("nan"), float("inf"), 5e-324)


def odd_value(random: Random, depth: int = 2) -> Any:
    """Return a value that is good in few places."""
    kind = random.randrange(8 if depth else 6)
    if kind in (0, 1):
        return random.choice(NUMBERS)
    if kind == 2:
        return random.choice(FLOATS)
    if kind == 3:
        return random.choice(WORDS)
    if kind == 4:
        return random.choice((None, True, False))
    if kind == 5:
        return random.randrange(-(2**65), 2**65)
    if kind == 6:
        # 3,000 lists of 3,000 strings of 5,000 are more than the guard leaves to this process itself
        return [odd_value(random, 0 if depth == 1 else depth - 1)] * random.choice((0, 1, 2, 3000 if depth > 1 else 3))
    return {random.choice(WORDS): odd_value(random, depth - 1) for _ in range(random.randrange(3))}


def spoilt_json(random: Random, document: Any) -> Any:
    """Change a few places of a JSON document, in place."""
    for _ in range(random.randint(1, 4)):
        node: Any = document
        while isinstance(node, dict | list) and node:
            key: Any = random.choice(list(node)) if isinstance(node, dict) else random.randrange(len(node))
            if not isinstance(node[key], dict | list) or not node[key] or random.random() < 0.25:
                _spoil_place(random, node, key)
                break
            node = node[key]
    return document


def _spoil_place(random: Random, node: Any, key: Any) -> None:
    kind = random.randrange(5)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, dict):
        node[random.choice(WORDS)] = node.pop(key)
    elif kind == 2 and isinstance(node[key], list):
        node[key] = node[key] * random.choice((0, 2, 50))
    elif kind == 3 and isinstance(node[key], int | float) and not isinstance(node[key], bool):
        node[key] = node[key] * random.choice((-1, 0, 2, 1000, 2**20))
    else:
        node[key] = odd_value(random)


def spoilt_bytes(random: Random, content: bytes) -> bytes:
    """Change a few places of some bytes: cut, doubled, overwritten, a word put in."""
    for _ in range(random.randint(1, 6)):
        start = random.randint(0, len(content))
        end = min(len(content), start + random.choice((0, 1, 1, 4, 16, 200)))
        part = content[start:end]
        content = content[:start] + _instead(random, part) + content[end:]
        if random.random() < 0.05:
            content = content[:end]
    return content


def _instead(random: Random, part: bytes) -> bytes:
    kind = random.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return part * random.choice((2, 3, 500))
    if kind == 2:
        return bytes(b ^ (1 << random.randrange(8)) for b in part)
    if kind == 3:
        return random.choice(WORDS).encode("utf-8", "surrogatepass")
    if kind == 4:
        return random.choice(NUMBERS[:-1]).to_bytes(10, random.choice(("little", "big")), signed=True)[
            : random.choice((1, 4, 8))
        ]
    return bytes(random.randrange(256) for _ in range(random.randrange(8)))


def json_text(random: Random, document: Any) -> bytes:
    """Return the text of a document, now and then with what JSON parsers disagree about."""
    text = json.dumps(document)
    if random.random() < 0.1:
        text = text.replace('{"', '{"schema": 1, "' if random.random() < 0.5 else '{"windows": 1, "', 1)  # a key twice
    encoded = text.encode("utf-8", "surrogatepass")
    return spoilt_bytes(random, encoded) if random.random() < 0.1 else encoded


def odd_name(random: Random, usual: str) -> str:
    """Return a name that a folder can have, mostly one that nobody gives."""
    spoilt = spoilt_bytes(random, usual.encode()) if random.random() < 0.8 else usual.encode()
    name = spoilt.replace(b"/", b"").replace(b"\0", b"")[:255]
    return os.fsdecode(name if name.strip(b".") else usual.encode())
