"""One line to the system's log for each change: the journal or syslog, whichever listens at /dev/log.

Written by hand rather than with the `syslog` module, which cannot say whether anybody listened.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from diagnose.escape import visible

LOG = Path("dev/log")
_AUTHPRIV_NOTICE = 10 * 8 + 5
"""Facility and severity (RFC 5424, 6.2.1): changes of privilege and policy go to authpriv."""
MAX_BYTES = 1024
"""RFC 3164, 4.1: longer lines may be cut by whoever receives them."""


def log(text: str, root: Path = Path("/")) -> bool:
    """Send one line; return whether somebody took it. A host without a log is no error."""
    stamp = time.strftime("%b %e %H:%M:%S")
    line = f"<{_AUTHPRIV_NOTICE}>{stamp} diagnose[{os.getpid()}]: {visible(text)}".encode()[:MAX_BYTES]
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            with socket.socket(socket.AF_UNIX, kind) as log_socket:
                log_socket.settimeout(2.0)
                log_socket.connect(str(root / LOG))
                log_socket.send(line)
                return True
        except OSError:
            continue
    return False


def who() -> str:
    """Return who is behind this process: the login user of the session if the kernel knows it, and the user."""
    try:
        login = int(Path("/proc/self/loginuid").read_text())
    except (OSError, ValueError):
        login = 2**32 - 1
    return f"uid {os.getuid()}" + (f", logged in as uid {login}" if login != 2**32 - 1 else "")
