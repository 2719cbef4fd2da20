"""Docker, podman, containerd and CRI-O hosts as they lay their cgroups out, by the names that people use.

With and without Kubernetes, both drivers, v1 and v2, every class of quality of service: --service and the list.
"""

import json

import pytest

from diagnose.cgroups.listing import list_services
from diagnose.cgroups.service import resolve
from diagnose.errors import UsageError
from tests.helpers.cgroup_trees import Host

UIDS = {
    "guaranteed": "0b1c2d3e-1111-2222-3333-444455556666",
    "burstable": "1b1c2d3e-1111-2222-3333-444455556666",
    "besteffort": "2b1c2d3e-1111-2222-3333-444455556666",
}
SANDBOX, NGINX, LOGS = ("a" * 63 + str(n) for n in range(3))


def pod_cgroup(driver, quality):
    """Return a pod's cgroup as kubelet names it (pkg/kubelet/cm/cgroup_manager_linux.go)."""
    uid, level = UIDS[quality], () if quality == "guaranteed" else (quality,)
    if driver == "cgroupfs":
        return "/".join(["/kubepods", *level, f"pod{uid}"])
    slices = ["kubepods", *(f"kubepods-{q}" for q in level), f"kubepods-{''.join(f'{q}-' for q in level)}pod{uid}"]
    return "/" + "/".join(f"{name.replace(uid, uid.replace('-', '_'))}.slice" for name in slices)


def container_cgroup(driver, runtime, pod, id_):
    prefix = {"containerd": "cri-containerd-", "cri-o": "crio-", "docker": "docker-"}[runtime]
    if driver == "systemd":
        return f"{pod}/{prefix}{id_}.scope"
    return f"{pod}/{'crio-' if runtime == 'cri-o' else ''}{id_}"


def state(host, runtime, uid, id_, container, pod):
    """Write what the runtime keeps of a container."""
    kind = "sandbox" if container == "POD" else "container"
    k8s = f"k8s_{container}_{pod}_shop_{uid}_0"
    if runtime == "containerd":
        about = {"sandbox-namespace": "shop", "sandbox-name": pod, "sandbox-uid": uid, "container-type": kind}
        about |= {} if container == "POD" else {"container-name": container}
        spec = {"annotations": {f"io.kubernetes.cri.{key}": value for key, value in about.items()}}
        host.write(f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{id_}/config.json", json.dumps(spec))
    elif runtime == "docker":
        host.write(f"var/lib/docker/containers/{id_}/config.v2.json", json.dumps({"ID": id_, "Name": f"/{k8s}"}))
    else:
        file = host.root / "var/lib/containers/storage/overlay-containers/containers.json"
        rows = json.loads(file.read_text()) if file.exists() else []
        row = {"id": id_, "names": [k8s], "metadata": json.dumps({"pod-name": k8s})}
        host.write(str(file.relative_to(host.root)), json.dumps([*rows, row]))


@pytest.fixture(params=["v1", "v2"])
def kind(request):
    return request.param


@pytest.mark.parametrize("quality", UIDS)
@pytest.mark.parametrize("runtime", ["containerd", "cri-o", "docker"])
@pytest.mark.parametrize("driver", ["systemd", "cgroupfs"])
def test_kubernetes(tmp_path, kind, driver, runtime, quality):
    host, pod = Host(tmp_path, kind), pod_cgroup(driver, quality)
    cgroups = {}
    for number, (container, id_) in enumerate((("POD", SANDBOX), ("nginx", NGINX), ("log-ship", LOGS))):
        cgroups[container] = container_cgroup(driver, runtime, pod, id_)
        host.process(100 + number, container, cgroups[container])
        state(host, runtime, UIDS[quality], id_, container, f"web-{quality}")
    asked = []
    names = {
        f"shop/web-{quality}": pod,
        f"pod{UIDS[quality]}": pod,
        NGINX: cgroups["nginx"],
        "pid:101": cgroups["nginx"],
    }
    names |= {f"shop/web-{quality}/{container}": cgroup for container, cgroup in cgroups.items()}
    for name, cgroup in names.items():
        assert resolve(name, host.hierarchy, asked.append).cgroup == cgroup, name
    rows = {row.cgroup: row for row in list_services(host.hierarchy, run=asked.append)}
    assert (rows[pod].name, rows[pod].manager, rows[pod].processes) == (f"shop/web-{quality}", "kubernetes", 3)
    assert {rows[cgroup].name for cgroup in cgroups.values()} == {f"shop/web-{quality}/{name}" for name in cgroups}
    with pytest.raises(UsageError, match=f"unknown service 'shop/web/nginx'.*shop/web-{quality}/nginx"):
        resolve("shop/web/nginx", host.hierarchy, asked.append)


def test_kubelets_folders_name_the_pods_of_any_runtime(tmp_path, kind):
    host, pod = Host(tmp_path, kind), pod_cgroup("systemd", "burstable")
    host.cgroup(container_cgroup("systemd", "containerd", pod, NGINX))
    host.write(f"var/log/pods/shop_web-0_{UIDS['burstable']}/nginx/0.log", "")
    host.write(f"var/log/containers/web-0_shop_nginx-{NGINX}.log", "")
    assert resolve("shop/web-0", host.hierarchy, lambda _: None).cgroup == pod
    assert resolve("shop/web-0/nginx", host.hierarchy, lambda _: None).cgroup.startswith(f"{pod}/")


@pytest.mark.parametrize(
    ("cgroup", "manager"),
    [
        (f"/docker/{NGINX}", "docker"),
        (f"/system.slice/docker-{NGINX}.scope", "docker"),
        (f"/libpod_parent/libpod-{NGINX}", "podman"),
        (f"/machine.slice/libpod-{NGINX}.scope", "podman"),
        (f"/system.slice/web.service/libpod-payload-{NGINX}", "podman"),
        (f"/default/{NGINX}", "files"),
        (f"/system.slice/nerdctl-{NGINX}.scope", "systemd"),
    ],
)
def test_containers_by_their_own_runtime(tmp_path, kind, cgroup, manager):
    host = Host(tmp_path, kind)
    host.process(7, "nginx", cgroup)
    annotations = {"annotations": {"nerdctl/name": "web1", "nerdctl/namespace": "default"}}
    host.write(f"var/lib/docker/containers/{NGINX}/config.v2.json", json.dumps({"Name": "/web1"}))
    if manager in ("files", "systemd"):
        host.write(f"run/containerd/io.containerd.runtime.v2.task/default/{NGINX}/config.json", json.dumps(annotations))
    for name in ("web1", NGINX, NGINX[:12], "pid:7"):
        assert resolve(name, host.hierarchy, lambda _: None).cgroup == cgroup
    (row,) = list_services(host.hierarchy, "web1", lambda _: None)
    assert (row.name, row.manager, row.cgroup) == ("web1", manager, cgroup)
    with pytest.raises(UsageError, match="the nearest: web1"):
        resolve("wbe1", host.hierarchy, lambda _: None)


def test_two_containers_of_one_name_are_ambiguous(tmp_path, kind):
    host = Host(tmp_path, kind)
    host.cgroup(f"/docker/{NGINX}")
    host.cgroup(f"/libpod_parent/libpod-{LOGS}")
    host.write(f"var/lib/docker/containers/{NGINX}/config.v2.json", json.dumps({"Name": "/web"}))
    host.write(
        "var/lib/containers/storage/overlay-containers/containers.json", json.dumps([{"id": LOGS, "names": ["web"]}])
    )
    with pytest.raises(UsageError, match=f"ambiguous: it may be /docker/{NGINX}, /libpod_parent/libpod-{LOGS}"):
        resolve("web", host.hierarchy, lambda _: None)
