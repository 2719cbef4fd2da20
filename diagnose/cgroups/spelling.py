r"""Names of the system as text that can be read, typed and told apart: cgroups, processes, files, devices (pure).

The kernel takes nearly every byte in a name. `printable` spells what cannot be seen as `\x1b`, byte by byte, once,
where names enter this program; `kernel_name` undoes it where the kernel is asked again. A backslash that stands before
what could be such a spelling is spelled as well, `\x5cx1b`: no two names read alike, and each leads back to itself.
Other backslashes stay, above all those of systemd's units (`\x2d`, `\x20`: what they stand for can be seen).
"""

from __future__ import annotations

import os
import re
import shlex

from diagnose.escape import hidden

_BYTE = "[01][0-9a-f]|5c|7f|[89a-f][0-9a-f]"
"""What `printable` spells: controls, the backslash, DEL, and the bytes of whatever is not ASCII."""
_LIKE_OURS = re.compile(rf"\\(?=x(?:{_BYTE}))", re.IGNORECASE)
_SPELLED = re.compile(rf"\\x({_BYTE})")


def printable(name: str) -> str:
    r"""Return a name, as `os.fsdecode` gives it, with what cannot be seen spelled as \xNN; one spelling, one name."""
    if name.isascii() and name.isprintable() and "\\" not in name:
        return name
    return seen(_LIKE_OURS.sub(r"\\x5c", name))


def seen(text: str) -> str:
    """Return a text that may hold spellings, so that its backslashes stay, with what cannot be seen spelled too."""
    return text if text.isascii() and text.isprintable() else "".join(_bytes_of(c) if hidden(c) else c for c in text)


def kernel_name(spelling: str) -> str:
    """Return the name that `printable` spelled so, as the kernel knows it (undecodable bytes as lone surrogates)."""
    if "\\x" not in spelling:
        return spelling
    parts = enumerate(_SPELLED.split(spelling))
    try:
        return os.fsdecode(b"".join(bytes.fromhex(part) if i % 2 else os.fsencode(part) for i, part in parts))
    except UnicodeEncodeError:
        return spelling  # no name of any file


def quoted(spelling: str) -> str:
    r"""Return the name behind a spelling as a word for a shell: quoted, and as $'\x1b' where it cannot be seen.

    The latter is the syntax of bash, zsh and ksh, and of POSIX since 2024.
    """
    name = kernel_name(spelling)
    if any(map(hidden, spelling)) or not any(map(hidden, name)):
        return shlex.quote(name)  # the former is no spelling: whoever prints it says that it cannot be shown
    escaped = re.sub(r"[\\']", r"\\\g<0>", name)
    return f"$'{seen(escaped)}'"


def _bytes_of(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in _encoded(character))


def _encoded(character: str) -> bytes:
    try:
        return os.fsencode(character)
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte: only a file made by somebody can hold it
        return character.encode(errors="surrogatepass")
