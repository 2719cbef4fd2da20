"""examples/container: what it says agrees with the code; what the pod asks for is enough, in a real container."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from diagnose.measure.bpf.tracefs import TRACEFS, mounted
from tests.helpers.live import MIB, Bench, bench
from tests.helpers.paths import CHECKOUT

EXAMPLE = CHECKOUT / "examples/container"
DOCKERFILE = (EXAMPLE / "Dockerfile").read_text()
POD = yaml.safe_load((EXAMPLE / "pod.yaml").read_text())
CONTAINER = POD["spec"]["containers"][0]
README = (EXAMPLE / "README.md").read_text()
READS = """
import os, sys
open(sys.argv[2] + "/cgroup.procs", "w").write(str(os.getpid()))
with open(sys.argv[1], "rb", buffering=0) as file:
    print("ready", flush=True)
    while True:
        file.seek(0)
        while file.read(4096):
            pass
"""


def mounts() -> dict[str, str]:
    """Return what the pod mounts from the host, read-only: where in the container, and what."""
    volumes = {volume["name"]: volume for volume in POD["spec"]["volumes"]}
    return {
        mount["mountPath"]: volumes[mount["name"]]["hostPath"]["path"]
        for mount in CONTAINER["volumeMounts"]
        if "hostPath" in volumes[mount["name"]] and mount["readOnly"]
    }


def test_the_pod_is_what_kubernetes_takes() -> None:
    assert (POD["apiVersion"], POD["kind"], POD["metadata"]["name"]) == ("v1", "Pod", "diagnose")
    names = {volume["name"] for volume in POD["spec"]["volumes"]}
    assert {mount["name"] for mount in CONTAINER["volumeMounts"]} == names
    assert not CONTAINER["securityContext"].get("privileged")
    assert all(volume.get("hostPath", {"path": "/"})["path"].startswith("/") for volume in POD["spec"]["volumes"])


def test_the_image_has_the_packages_that_make_install_adds() -> None:
    script = (CHECKOUT / ".ci/system-packages").read_text()
    wanted = set(re.findall(r"missing\+=\(([a-z0-9-]+)\)", script))
    (line,) = re.findall(r"apt-get install (.*?) \\$", DOCKERFILE, re.MULTILINE)
    assert {word for word in shlex.split(line) if not word.startswith("-")} == wanted


def test_the_image_has_everything_that_the_wheel_carries() -> None:
    import tomllib

    wheel = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {word for words in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for word in words.split()}
    installs = {"pyproject.toml", "README.md", "LICENSE", ".ci/python-packages", "requirements"}
    assert copied == {*installs, *wheel["packages"], *wheel["force-include"]}
    assert all((CHECKOUT / name).exists() for name in copied)


def test_docker_run_in_the_readme_asks_for_what_the_pod_asks_for() -> None:
    (text,) = re.findall(r"```sh\n(docker run .*?)```", README, re.DOTALL)
    words = shlex.split(text.replace("\\\n", " "))
    added = [word.removeprefix("--cap-add=") for word in words if word.startswith("--cap-add=")]
    assert sorted(added) == sorted(CONTAINER["securityContext"]["capabilities"]["add"])
    volumes = [words[i + 1] for i, word in enumerate(words) if word == "-v"]
    assert volumes == [*(f"{host}:{inside}:ro" for inside, host in mounts().items()), "$PWD:/out"]
    assert {"--pid=host", "--cap-drop=ALL", "seccomp=unconfined"} <= set(words)


# ---------------------------------------------------------------- for real


@pytest.fixture
def here() -> Iterator[Bench]:
    with bench(64 * MIB) as made:
        yield made


@pytest.fixture
def tracing() -> Iterator[str]:
    """The host's tracefs; where it is not mounted, one of this test's own."""
    if mounted():
        yield str(TRACEFS)
        return
    folder = tempfile.mkdtemp(prefix="diagnose-test-")
    subprocess.run(["mount", "-t", "tracefs", "tracefs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        Path(folder).rmdir()


def in_the_pod(root: Path, out: Path, tracing: str, *command: str) -> list[str]:
    """Return how podman runs a command with what the pod asks for; the image is this host's own files, read-only."""
    for folder in ("usr", "etc", "proc", "sys", "dev", "run", "tmp", "var/tmp"):
        (root / folder).mkdir(parents=True)
    for link in ("bin", "sbin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    image = dict.fromkeys(["/usr", "/etc", sys.prefix, str(CHECKOUT)])
    volumes = [f"{path}:{path}:ro" for path in image]
    volumes += [f"{tracing if inside == str(TRACEFS) else host}:{inside}:ro" for inside, host in mounts().items()]
    wanted = CONTAINER["securityContext"]["capabilities"]
    return [
        *("podman", "--runtime=runc", "--cgroup-manager=cgroupfs", "run", "--rm", f"--name={root.name}"),
        *("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--network=none", "--cgroupns=private"),
        *(f"--cap-drop={name}" for name in wanted["drop"]),
        *(f"--cap-add={name}" for name in wanted["add"]),
        *(["--pid=host"] if POD["spec"]["hostPID"] else []),
        *("--security-opt", f"seccomp={CONTAINER['securityContext']['seccompProfile']['type'].lower()}"),
        *(word for volume in (*volumes, f"{out}:/out") for word in ("-v", volume)),
        *(f"--env=PYTHONPATH={CHECKOUT}", "--workdir=/out", "--rootfs", str(root), *command),
    ]


@pytest.mark.kernel
@pytest.mark.skipif(not (shutil.which("podman") and shutil.which("runc")), reason="apt-get install podman runc")
def test_what_the_pod_asks_for_is_enough(here: Bench, tracing: str, tmp_path: Path) -> None:
    service = here.make("/svc")
    data = here.file("data", 2048)
    reader = subprocess.Popen(
        [sys.executable, "-c", READS, str(data), str(here.directory(service))], stdout=subprocess.PIPE
    )
    root, out = tmp_path / f"diagnose-test-{os.getpid()}-{time.monotonic_ns()}", tmp_path / "out"
    out.mkdir()
    asked = ("latency", "--service", f"pid:{reader.pid}", "--duration", "3", "--output", "report")
    try:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"ready\n"
        command = in_the_pod(root, out, tracing, sys.executable, "-m", "diagnose.cli", *asked)
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        reader.kill()
        reader.wait()
    assert ended.returncode in (0, 1), ended.stderr
    report: dict[str, Any] = json.loads((out / "report/report.json").read_text())
    assert report["service"]["cgroup"] == service
    assert [process["pid"] for process in report["service"]["processes"]] == [reader.pid]
    assert report["measurements"]["read_latency"]["kinds"]["hit"]["reads"] > 1000
    assert report["not_measured"] == []
