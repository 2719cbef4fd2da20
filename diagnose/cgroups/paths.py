"""Cgroup paths as text: "/dg/svc", always absolute, always printable.

A cgroup may be named by anyone to whom a subtree was delegated. The kernel refuses "/" and newline in a name and
takes every other byte, so a name can carry terminal escapes or bytes that are not UTF-8. `printable` spells those as
`\\x1b`, once, where names enter this program; `Hierarchy.directory` finds the directory back.
"""

from __future__ import annotations

from diagnose.errors import UsageError

PATH_MAX = 4096
"""Bytes, with the final NUL: include/uapi/linux/limits.h."""


def printable(text: str) -> str:
    r"""Return `text` with every unprintable character and undecodable byte spelled as \xNN, byte by byte."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "".join(f"\\x{byte:02x}" for byte in _encoded(c)) for c in text)


def _encoded(character: str) -> bytes:
    # surrogateescape turns back the bytes that were no UTF-8; any other lone surrogate has no bytes of its own
    return character.encode(errors="surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass")


def shown(text: str, limit: int = 80) -> str:
    """Return `text` quoted for a one-line message: printable, and cut after `limit` characters."""
    line = printable(text)
    return f"'{line}'" if len(line) <= limit else f"'{line[:limit]}…' ({len(text)} characters)"


def components(cgroup: str) -> list[str]:
    """Split "/a/b" (or "a/b") into its names; raises UsageError for a path that could leave the hierarchy."""
    if "\0" in cgroup:
        raise UsageError(f"cgroup {shown(cgroup)} contains a NUL character, which no path can have; write it without")
    if len(cgroup.encode(errors="surrogatepass")) >= PATH_MAX:
        raise UsageError(f"cgroup {shown(cgroup)} is longer than any path can be ({PATH_MAX - 1} bytes)")
    parts = [part for part in cgroup.split("/") if part]
    if "." in parts or ".." in parts:
        raise UsageError(f"cgroup {shown(cgroup)} contains '.' or '..'; write the path from the root of the hierarchy")
    return parts


def normal(cgroup: str) -> str:
    """Return the path in its one spelling: a leading slash, no trailing or doubled one; raises UsageError."""
    return "/" + "/".join(components(cgroup))


def join(parent: str, child: str) -> str:
    """Return the path of `child` (a name or a relative path) under `parent`."""
    return f"/{child}" if parent == "/" else f"{parent}/{child}"


def is_within(cgroup: str, top: str) -> bool:
    """Tell whether `cgroup` is `top` or lies in its subtree (both in normal spelling)."""
    return top == "/" or cgroup == top or cgroup.startswith(top + "/")


def ancestors(cgroup: str) -> list[str]:
    """Return what lies above `cgroup`, nearest first, ending in "/"; nothing lies above "/"."""
    parts = components(cgroup)
    return ["/" + "/".join(parts[:n]) for n in range(len(parts) - 1, -1, -1)]
