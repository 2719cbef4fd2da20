"""Why are this service's reads slow, who evicts its page cache, and which cgroup memory limit would help?"""

import atexit
import gc
import os

__version__ = "0.1.0"

# What libraries take from the environment alone, before any part of the package can import them.
# numpy's threads have nothing to do here, use 25 ms of CPU and more to start, and would get the signals that a capture
# blocks, while LLVM, which compiles, has handlers that kill.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
# pydantic loads code of every installed package that offers it any (entry points), here as root.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

# What a process of this package imports and measures stays to its end, and has hardly any cycles. Python would search
# it for them after every 700 new objects, and twice more as it ends: a sixth of what a short command takes.
gc.set_threshold(10_000)
atexit.register(gc.freeze)
