"""What container runtimes, kubelet and systemd say of their cgroups: files, folders and the answers of commands."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from random import Random

from diagnose.cgroups.names import KnownNames
from diagnose.cgroups.service import list_services, resolve
from diagnose.errors import DiagnoseError
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import json_text, odd_name, spoilt_bytes, spoilt_json
from tests.helpers.cgroup_trees import ID, POD, Host

KUBELET = f"k8s_nginx_web-0_shop_{POD}_2"
SLICE = f"/kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice"
CGROUPS = (f"{SLICE}/cri-containerd-{ID}.scope", f"/docker/{'e' * 64}", f"/machine.slice/libpod-{'d' * 64}.scope", "/x")
TASK = "io.containerd.runtime.v2.task/k8s.io"
ANNOTATIONS = {
    "io.kubernetes.cri.sandbox-namespace": "shop",
    "io.kubernetes.cri.sandbox-name": "web-0",
    "io.kubernetes.cri.sandbox-uid": POD,
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.container-name": "nginx",
    "nerdctl/name": "web1",
}
FILES = {
    f"run/containerd/{TASK}/{ID}/config.json": {"ociVersion": "1.1.0", "annotations": ANNOTATIONS},
    f"var/lib/docker/containers/{'e' * 64}/config.v2.json": {"ID": "e" * 64, "Name": f"/{KUBELET}"},
    "var/lib/containers/storage/overlay-containers/containers.json": [{"id": "d" * 64, "names": ["web1"]}],
    "run/containers/storage/vfs-containers/volatile-containers.json": [{"id": "d" * 64, "names": [KUBELET]}],
}
LABELS = {
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.name": "web-0",
    "io.kubernetes.pod.uid": POD,
    "io.kubernetes.container.name": "nginx",
}
CRICTL = {
    "containers": [{"id": ID, "labels": LABELS}],
    "items": [{"metadata": {"uid": POD, "namespace": "shop", "name": "web-0"}}],
}
ANSWERS = {
    "systemctl": "Id=x.service\nLoadState=loaded\nActiveState=active\nControlGroup=/x\nMainPID=7\n",
    "kubectl": POD,
    "docker": f"{'e' * 64} web1\n{ID} 7\n",
    "podman": f"{'d' * 64} other/web,web1\n{ID} 7\n",
}
WANTED = ("web1", "shop/web-0", "shop/web-0/nginx", "x", "checkout", ID[:12], "e" * 64)


def container_files(random: Random) -> None:
    """Find a service by the name that its runtime gave it, and list all of them."""
    with tempfile.TemporaryDirectory() as name:
        host = Host(Path(name), random.choice(("v1", "hybrid", "v2")))
        for cgroup in CGROUPS:
            host.process(7, "svc", cgroup)
        for path, document in FILES.items():
            if random.random() < 0.7:
                content = json_text(random, spoilt_json(random, json.loads(json.dumps(document))))
                host.write(path, "").write_bytes(content)
        _kubelet(random, host)

        answers = {tool: _answer(random, tool) for tool in (*ANSWERS, "crictl") if random.random() < 0.8}

        def run(command: list[str]) -> str | None:
            return answers.get(command[0])

        try:
            known = KnownNames(host.root, run)
            known.learn(CGROUPS)
            told = [text for path in CGROUPS for text in (known.name(path), known.label(path)) if text is not None]
            assert all(text.isprintable() and len(text) < 1100 for text in told), repr(told)
            assert all(row.name.isprintable() for row in list_services(host.hierarchy, "", run))
            assert resolve(random.choice(WANTED), host.hierarchy, run).cgroup in (*CGROUPS, SLICE)
        except DiagnoseError as error:
            in_lines(error)


def _kubelet(random: Random, host: Host) -> None:
    for folder, usual in (("containers", f"web-0_shop_nginx-{ID}.log"), ("pods", f"shop_web-0_{POD}")):
        (host.root / "var/log" / folder).mkdir(parents=True)
        (host.root / "var/log" / folder / odd_name(random, usual)).mkdir()


def _answer(random: Random, tool: str) -> str:
    if tool == "crictl":
        return json_text(random, spoilt_json(random, json.loads(json.dumps(CRICTL)))).decode(errors="replace")
    return spoilt_bytes(random, ANSWERS[tool].encode()).decode(errors="replace")
