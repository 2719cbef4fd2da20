import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import container_id, name_of, pod_uid, unit_of
from diagnose.errors import UsageError
from tests.helpers.cgroup_trees import ID, POD

SHORT = ID[:12]
UNDERSCORED = POD.replace("-", "_")
USER = "/user.slice/user-1000.slice/user@1000.service"
SLICE = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UNDERSCORED}.slice"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", (None, "files")),
        ("/dg/svc", (None, "files")),
        ("/system.slice/checkout.service", ("checkout.service", "systemd")),
        ("/system.slice", ("system.slice", "systemd")),
        (r"/system.slice/system-my\x2dapp.slice/my\x2dapp@1.service", ("my-app@1.service", "systemd")),
        (r"/system.slice/a\x0ab.service", (r"a\x0ab.service", "systemd")),
        (r"/system.slice/a\x5cx0ab.service", (r"a\x5cx0ab.service", "systemd")),
        (r"/system.slice/caf\x5cxc3\x5cxa9.service", ("café.service", "systemd")),
        ("/system.slice/checkout.service/worker", (None, "files")),
        ("/system.slice/checkout.service/inner.service", (None, "files")),
        (USER, ("user@1000.service", "systemd")),
        (f"{USER}/app.slice/dbus.service", ("dbus.service", "files")),
        (f"/system.slice/docker-{ID}.scope", (SHORT, "docker")),
        (f"/docker/{ID}", (SHORT, "docker")),
        ("/docker", (None, "files")),
        (f"/docker/{ID}/system.slice/x.service", (None, "files")),
        (f"/batch/{ID}", (SHORT, "files")),
        (f"/libpod_parent/libpod-{ID}", (SHORT, "podman")),
        (f"/libpod_parent/{'e' * 64}/libpod-{ID}", (SHORT, "podman")),
        (f"/machine.slice/machine-libpod_pod_{'e' * 64}.slice/libpod-{ID}.scope", (SHORT, "podman")),
        (f"/system.slice/nerdctl-{ID}.scope", (SHORT, "systemd")),
        (f"/machine.slice/libpod-{ID}.scope", (SHORT, "podman")),
        (f"/machine.slice/libpod-{ID}.scope/container", (None, "files")),
        (f"/machine.slice/libpod-conmon-{ID}.scope", (f"libpod-conmon-{ID}.scope", "systemd")),
        (f"{USER}/user.slice/libpod-{ID}.scope", (SHORT, "podman")),
        (f"/system.slice/web.service/libpod-payload-{ID}", (SHORT, "podman")),
        (f"/kubepods/burstable/pod{POD}", (f"pod{POD}", "kubernetes")),
        (f"/kubepods/burstable/pod{POD}/{ID}", (SHORT, "kubernetes")),
        (f"/kubepods/besteffort/pod{POD}/crio-{ID}", (SHORT, "kubernetes")),
        (SLICE, (f"pod{POD}", "kubernetes")),
        (f"{SLICE}/cri-containerd-{ID}.scope", (SHORT, "kubernetes")),
        (f"{SLICE}/crio-{ID}.scope", (SHORT, "kubernetes")),
        (f"{SLICE}/docker-{ID}.scope", (SHORT, "kubernetes")),
        (f"/kubelet.slice/kubelet-{SLICE[1:].split('/')[0]}", ("kubelet-kubepods.slice", "kubernetes")),
        ("/kubepods/burstable", ("burstable", "kubernetes")),
    ],
)
def test_names_and_managers(path, expected):
    assert name_of(path) == expected


def test_the_parts_of_a_name():
    assert container_id(f"/docker/{ID}") == ID
    assert container_id(f"/docker/{ID}/docker/{ID}") is None
    assert pod_uid(SLICE) == POD
    assert pod_uid(f"/pod{POD}") is None
    assert pod_uid("/") is None
    assert unit_of(r"/system.slice/my\x2dapp.service") == r"my\x2dapp.service"
    assert unit_of(r"/system.slice/a\x5cxc3.service") == r"a\xc3.service"
    assert unit_of(r"/system.slice/a\x1b.service") is None  # an escape byte: not the unit of these four characters
    assert unit_of(f"/system.slice/docker-{ID}.scope") == f"docker-{ID}.scope"
    assert unit_of(f"{USER}/app.slice/dbus.service") is None


@given(st.text(st.characters(exclude_categories=())))
def test_any_path_has_a_name_or_is_refused(path):
    try:
        name, _ = name_of(path)
    except UsageError:
        return
    assert name is None or name
