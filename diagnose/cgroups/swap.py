"""A container's memory limit changed by docker or podman, with what it may swap left as it is (pure).

Both mean memory and swap together by --memory-swap, on cgroup v2, too. docker refuses `update --memory` above the
--memory-swap that it keeps, and it keeps 0 where none was given and -1 for "unlimited" (moby's UpdateContainer in
container/container_unix.go, issue 39541). podman takes one that is left out for twice the memory (LimitToSwap in
pkg/specgenutil/specgen.go). Where the kernel limits no swap, docker asks for none.
"""

from __future__ import annotations

from collections.abc import Mapping

UNLIMITED = -1
"""As docker and podman spell it."""
MEMORY, WITH_SWAP = "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"
"""The limits of v1: of memory, and of memory and swap together, which is never below the other."""


def swap_beside(settings: Mapping[str, int | None], setting: str) -> int | None:
    """Return how many bytes may lie in swap on top of the limit `setting`: `UNLIMITED`, or None where nothing says so.

    `settings` is what `read_settings` returns, of one moment.
    """
    if setting == "memory.max" and "memory.swap.max" in settings:
        allowed = settings["memory.swap.max"]
        return UNLIMITED if allowed is None else allowed
    if setting == MEMORY and WITH_SWAP in settings:
        both, limit = settings[WITH_SWAP], settings.get(setting)
        if both is None:
            return UNLIMITED
        return None if limit is None else max(0, both - limit)
    return None


def container_update(manager: str, container: str, value: int | str, swap: int | None) -> list[str]:
    """Return the words of docker's or podman's command for a limit of `value` bytes; `swap`: as of `swap_beside`."""
    both = [] if swap is None else ["--memory-swap", str(swap if swap == UNLIMITED else int(value) + swap)]
    return [manager, "update", "--memory", str(value), *both, "--", container]
