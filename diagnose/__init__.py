"""Why are this service's reads slow, who evicts its page cache, and which cgroup memory limit would help?"""

import os

__version__ = "0.1.0"

# What libraries take from the environment alone, before any part of the package can import them.
# numpy's threads have nothing to do here, use 25 ms of CPU and more to start, and would get the signals that a capture
# blocks, while LLVM, which compiles, has handlers that kill.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
# pydantic loads code of every installed package that offers it any (entry points), here as root.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
