"""What the command decides for the whole of its process; importing the library decides nothing.

`settle` runs before numpy and pydantic are imported, which look at the environment once. Of the 520 to 540 ms of CPU
time of `diagnose report` (docs/performance.md says how this was measured)

- numpy without threads of its own saves 126 ms. They have nothing to do here, and would get the signals that a capture
  blocks, while LLVM, which compiles, has handlers that kill;
- no search for garbage as the process ends saves 57 ms, and one after 10,000 new objects instead of 700 another 18.
  What a command imports and measures stays to its end, and has hardly any cycles.

pydantic's plugins cost nothing measurable and are left out for another reason: pydantic would load code of every
installed package that offers it any, here as root.

What libraries and programs load, start and write is chosen by variables that nobody can list: OPENSSL_CONF names a
library to load, CONTAINERS_CONF a program to run, XDG_DATA_HOME fonts to read. So root's environment is what diagnose
itself heeds, and no more; PATH is the system's folders, and a folder counts only if root alone can write there.
Everybody's programs speak the C locale, since what they say is read.
"""

from __future__ import annotations

import atexit
import gc
import os
import resource
import signal
import stat
from contextlib import suppress
from pathlib import Path

from diagnose.resources import ENOUGH_OPEN_FILES, SYSTEM_PATH

_KEPT = frozenset({
    *("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"),
    *("LANG", "TZ", "PWD", "USER", "LOGNAME", "COMP_WORDS", "COMP_CURRENT", "COMP_LINE", "BREAKS"),
    *("GITHUB_TOKEN", "GITLAB_TOKEN", "JIRA_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "LD_LIBRARY_PATH"),
})  # fmt: skip
"""Of root's variables: the terminal, the words of completions, what `attach` goes by; what this Python was loaded with,
which starts another one for `demo`."""
_KEPT_PREFIXES = ("DIAGNOSE_", "_DIAGNOSE_", "PYTHON")
_PLACES = ("HOME", "TMPDIR", "TEMP", "TMP", "SSL_CERT_FILE", "SSL_CERT_DIR", "KUBECONFIG")
"""Kept as well, where they lead to what root alone can write."""
ROOTS_HOME = "/root"


def settle() -> tuple[str, ...]:
    """Set the environment that libraries and programs read, and how Python looks for garbage.

    Once more changes nothing. Returns the variables that name a temporary folder which others can write to: they are
    gone now.
    """
    refused = _of_root() if os.geteuid() == 0 else ()
    os.environ.pop("LANGUAGE", None)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    _may_open_files()
    gc.set_threshold(10_000)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    return refused


def _may_open_files() -> None:
    """Let the process have as many files open as it needs: `ulimit -n` is often set for others than root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= ENOUGH_OPEN_FILES:
        return
    with suppress(ValueError):  # not granted (CAP_SYS_RESOURCE): what needs more says so
        resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH_OPEN_FILES, max(hard, ENOUGH_OPEN_FILES)))
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, ENOUGH_OPEN_FILES), hard))


def leave() -> None:
    """Let Ctrl-C end the process at once: all is said, and what goes on (the kernel detaches programs) needs nobody."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _of_root() -> tuple[str, ...]:
    """Leave of root's environment what diagnose heeds; returns which temporary folders were refused."""
    foreign = [name for name in _PLACES if name in os.environ and not roots_alone(os.environ[name])]
    for name in list(os.environ):
        known = name in _KEPT or name in _PLACES or name.startswith(_KEPT_PREFIXES)
        if not known or name in foreign:
            del os.environ[name]
    os.environ["PATH"] = SYSTEM_PATH
    os.environ.setdefault("HOME", ROOTS_HOME)
    return tuple(name for name in ("TMPDIR", "TEMP", "TMP") if name in foreign)


def roots_alone(path: str) -> bool:
    """Tell whether nobody but root can change what a path leads to: no part of it, nor of where its links lead.

    A folder like /tmp, where each may only touch what is his own, does.
    """
    try:
        whole = [Path(path).absolute(), Path(os.path.realpath(path))]
        return all(_of_root_alone(part.lstat()) for way in whole for part in (way, *way.parents))
    except (OSError, ValueError):
        return False


def _of_root_alone(status: os.stat_result) -> bool:
    if status.st_uid != 0:
        return False
    shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not stat.S_ISLNK(status.st_mode)
    return not shared or (stat.S_ISDIR(status.st_mode) and bool(status.st_mode & stat.S_ISVTX))
