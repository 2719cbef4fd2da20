"""Real docker containers for live tests, from a daemon of our own: nothing of it is where docker usually keeps things.

No network, no iptables, files copied (vfs): so it runs on machines and in containers of every kind. The image is one
static busybox.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SETTINGS = ("--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs")
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--network=none")
IMAGE = "diagnose-test:1"
START_SECONDS = 60


def why_not() -> str:
    """Return why there can be no containers here, "" if there can."""
    missing = [name for name in ("dockerd", "docker", "busybox") if shutil.which(name) is None]
    return f"apt-get install docker.io busybox-static (no {', '.join(missing)})" if missing else ""


@dataclass(frozen=True)
class Container:
    name: str
    id: str
    pid: int


class Daemon:
    """`folder`: everything of it; `environment`: with which docker's command finds it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        socket = f"unix://{folder}/socket"
        self.environment = {**os.environ, "DOCKER_HOST": socket, "DOCKER_CONFIG": str(folder / "config")}
        command = ["dockerd", *SETTINGS, "--exec-opt=native.cgroupdriver=cgroupfs", f"--host={socket}"]
        places = [f"--data-root={self.data}", f"--exec-root={folder}/run", f"--pidfile={folder}/pid"]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen([*command, *places], stdout=log, stderr=log)

    def docker(self, *command: str, given: bytes = b"") -> str:
        """Return what docker says; a command that fails is an AssertionError with its words."""
        ended = subprocess.run(["docker", *command], input=given, capture_output=True, env=self.environment)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode().strip()

    def ready(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + START_SECONDS
        while subprocess.run(["docker", "version"], capture_output=True, env=self.environment).returncode != 0:
            said = (self.folder / "log").read_text()[-2000:]
            assert self.process.poll() is None, f"dockerd ended: {said}"
            assert time.monotonic() < until, f"dockerd does not answer: {said}"
            time.sleep(0.2)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def daemon() -> Iterator[Daemon]:
    """Run a daemon that has the image, and leave nothing of it behind."""
    # Not pytest's folder: the path of a socket is at most 107 bytes long.
    with tempfile.TemporaryDirectory(prefix="diagnose-test-", dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        made = Daemon(Path(folder))
        try:
            made.ready()
            made.docker("import", "-", IMAGE, given=_busybox())
            yield made
        finally:
            made.end()


@contextmanager
def container(of: Daemon, *command: str, options: tuple[str, ...] = ()) -> Iterator[Container]:
    """Run busybox's `command` in a container with a name of its own, and remove it."""
    name = f"diagnose-test-{os.getpid()}-{time.monotonic_ns()}"
    try:
        id_ = of.docker("run", "--detach", f"--name={name}", *LIMITS, *options, IMAGE, "/bin/busybox", *command)
        yield Container(name, id_, int(of.docker("inspect", "--format={{.State.Pid}}", name)))
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True, env=of.environment)


def _busybox() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(str(shutil.which("busybox")), "bin/busybox")
    return archive.getvalue()
