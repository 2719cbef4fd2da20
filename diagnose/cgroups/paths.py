"""Cgroup paths as text: "/dg/svc", always absolute, always printable.

A cgroup may be named by anyone to whom a subtree was delegated. The kernel refuses "/" and newline in a name and
takes every other byte, so a name can carry terminal escapes or bytes that are not UTF-8. Paths are kept as `printable`
spells them (`diagnose.cgroups.spelling`); `Hierarchy.directory` finds the directory back.
"""

from __future__ import annotations

from diagnose.cgroups.spelling import kernel_name, printable, seen
from diagnose.errors import UsageError

__all__ = ["PATH_MAX", "ancestors", "components", "is_within", "join", "kernel_name", "normal", "printable", "shown"]

PATH_MAX = 4096
"""Bytes, with the final NUL: include/uapi/linux/limits.h."""


def shown(text: str, limit: int = 80) -> str:
    """Return a name or path, as it is spelled, quoted for a one-line message and cut after `limit` characters."""
    line = seen(text)
    return f"'{line}'" if len(line) <= limit else f"'{line[:limit]}…' ({len(text)} characters)"


def components(cgroup: str) -> list[str]:
    """Split "/a/b" (or "a/b") into its names, each in its one spelling; raises UsageError for what is no cgroup's path.

    Above all for a path that could leave the hierarchy.
    """
    path = kernel_name(cgroup)
    if "\0" in path:
        raise UsageError(f"cgroup {shown(cgroup)} contains a NUL character, which no path can have; write it without")
    if len(path.encode(errors="surrogatepass")) >= PATH_MAX:
        raise UsageError(f"cgroup {shown(cgroup)} is longer than any path can be ({PATH_MAX - 1} bytes)")
    parts = [part if "\\" not in part else printable(kernel_name(part)) for part in cgroup.split("/") if part]
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
