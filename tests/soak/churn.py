"""Cgroups that come and go, and processes, faster than anybody can look at them one by one."""

from __future__ import annotations

from tests.soak.scene import Scene, reader

CGROUPS_PER_SECOND, PROCESSES_PER_SECOND = 50, 200

_CHURN = """
fd = opened("data")
made = 0
def in_a_child(number):
    pid = os.fork()
    if not pid:
        {join}
        for i in range(4):
            os.pread(fd, PAGE, (number * 4 + i) % 16384 * PAGE)
        os._exit(0)
    os.waitpid(pid, 0)
def removed(path):
    for _ in range(500):
        try:
            return os.rmdir(path)
        except OSError:
            time.sleep(0.002)
    raise SystemExit(path + " stays busy")
go()
start = time.monotonic()
while time.monotonic() < start + {seconds}:
    {body}
    made += 1
    time.sleep(max(0, start + made / {rate} - time.monotonic()))
done({{"reads": made * 4, "bytes": made * 4 * PAGE, "made": made}})
"""
_JOIN = """os.write(os.open(made_path + "/cgroup.procs", os.O_WRONLY), b"0")"""
_CGROUP = """made_path = os.path.dirname(directory) + "/c-%d" % made
    os.mkdir(made_path)
    in_a_child(made)
    removed(made_path)"""


def cgroups(scene: Scene, seconds: float) -> str:
    """Cgroups made and removed below the service, 50/s, each with a process that reads."""
    code = _CHURN.format(join=_JOIN, body=_CGROUP, seconds=seconds, rate=CGROUPS_PER_SECOND)
    return f"{_churned(scene, code, seconds):.0f} cgroups/s"


def processes(scene: Scene, seconds: float) -> str:
    """Processes of the service that read and end, 200/s."""
    code = _CHURN.format(join="pass", body="in_a_child(made)", seconds=seconds, rate=PROCESSES_PER_SECOND)
    return f"{_churned(scene, code, seconds):.0f} processes/s"


def _churned(scene: Scene, code: str, seconds: float) -> float:
    churn = scene.here.worker(scene.main, code)
    scene.measured([reader(scene, seconds), churn])
    return churn.result["made"] / seconds
