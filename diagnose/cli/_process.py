"""What the command decides for the whole of its process; importing the library decides nothing.

`settle` runs before numpy and pydantic are imported, which look at the environment once. Of the 520 to 540 ms of CPU
time of `diagnose report` (docs/performance.md says how this was measured)

- numpy without threads of its own saves 126 ms. They have nothing to do here, and would get the signals that a capture
  blocks, while LLVM, which compiles, has handlers that kill;
- no search for garbage as the process ends saves 57 ms, and one after 10,000 new objects instead of 700 another 18.
  What a command imports and measures stays to its end, and has hardly any cycles.

pydantic's plugins cost nothing measurable and are left out for another reason: pydantic would load code of every
installed package that offers it any, here as root. Root's PATH is the system's folders: a library may start programs,
as matplotlib does to find fonts.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal

from diagnose.resources import SYSTEM_PATH


def settle() -> None:
    """Set the environment that libraries read, and how Python looks for garbage; once more changes nothing."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    if os.geteuid() == 0:
        os.environ["PATH"] = SYSTEM_PATH
    gc.set_threshold(10_000)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def leave() -> None:
    """Let Ctrl-C end the process at once: all is said, and what goes on (the kernel detaches programs) needs nobody."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
