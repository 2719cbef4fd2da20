"""Why are this service's reads slow, who evicts its page cache, and which cgroup memory limit would help?"""

__version__ = "0.1.0"
