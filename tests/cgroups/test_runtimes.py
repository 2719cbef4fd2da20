"""What runtimes call their containers: their files as they lay them out, and the answers of their commands."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import runtimes
from diagnose.cgroups.runtimes import Names, from_command, from_files
from tests.helpers.cgroup_trees import ID, POD

OTHER = "e" * 64
K8S = f"k8s_nginx_web-0_shop_{POD}_2"
IN_POD = Names({ID: "shop/web-0/nginx"}, {POD: "shop/web-0"})


def lay(root, path, content):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def spec(kind="container", **more):
    cri = {"sandbox-namespace": "shop", "sandbox-name": "web-0", "sandbox-uid": POD, "container-type": kind, **more}
    return {"ociVersion": "1.1.0", "annotations": {f"io.kubernetes.cri.{key}": value for key, value in cri.items()}}


FILES = {
    "kubelet's links": ({f"var/log/containers/web-0_shop_nginx-{ID}.log": ""}, Names({ID: "shop/web-0/nginx"})),
    "kubelet's folders": ({f"var/log/pods/shop_web-0_{POD}/nginx/0.log": ""}, Names({}, {POD: "shop/web-0"})),
    "containerd": (
        {f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json": spec(**{"container-name": "nginx"})},
        IN_POD,
    ),
    "containerd of k3s, a sandbox": (
        {f"run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json": spec("sandbox")},
        Names({ID: "shop/web-0/POD"}, {POD: "shop/web-0"}),
    ),
    "nerdctl": (
        {
            f"run/containerd/io.containerd.runtime.v2.task/default/{ID}/config.json": {
                "annotations": {"nerdctl/name": "web1", "nerdctl/namespace": "default"}
            }
        },
        Names({ID: "web1"}),
    ),
    "docker": ({f"var/lib/docker/containers/{ID}/config.v2.json": {"ID": ID, "Name": "/web1"}}, Names({ID: "web1"})),
    "docker below kubelet": ({f"var/lib/docker/containers/{ID}/config.v2.json": {"Name": f"/{K8S}"}}, IN_POD),
    "podman": (
        {"var/lib/containers/storage/overlay-containers/containers.json": [{"id": ID, "names": ["web1"]}]},
        Names({ID: "web1"}),
    ),
    "podman run --rm": (
        {"run/containers/storage/vfs-containers/volatile-containers.json": [{"id": ID, "names": ["web1"]}]},
        Names({ID: "web1"}),
    ),
    "CRI-O": ({"var/lib/containers/storage/overlay-containers/containers.json": [{"id": ID, "names": [K8S]}]}, IN_POD),
}


@pytest.mark.parametrize("who", FILES)
def test_files(tmp_path, who):
    files, expected = FILES[who]
    for path, content in files.items():
        lay(tmp_path, path, content)
    assert from_files(tmp_path, [ID]) == expected


@pytest.mark.parametrize(
    "setting",
    [
        '[storage]\ngraphroot = "/data/containers"\nrunroot = "/run/x"\n',
        '  runroot="/data/containers"',
        '# graphroot = "/none"\ngraphroot   =   "/data/containers" # moved',
    ],
)
def test_storage_lies_where_its_settings_say(tmp_path, setting):
    (tmp_path / "etc/containers").mkdir(parents=True)
    (tmp_path / "etc/containers/storage.conf").write_text(setting)
    for folder, name in (("data/containers/overlay-containers", "web1"), ("none/overlay-containers", "not-this")):
        lay(tmp_path, f"{folder}/containers.json", [{"id": ID if name == "web1" else OTHER, "names": [name]}])
    assert from_files(tmp_path, [ID]).containers == {ID: "web1"}


@pytest.mark.parametrize(
    "setting", ["graphroot = /data", 'graphroot = "data"', 'graphroot = "/da\0ta"', 'graphroot = "/']
)
def test_damaged_settings_of_storage_say_nothing(tmp_path, setting):
    (tmp_path / "etc/containers").mkdir(parents=True)
    (tmp_path / "etc/containers/storage.conf").write_text(setting)
    lay(tmp_path, "data/overlay-containers/containers.json", [{"id": ID, "names": ["web1"]}])
    assert from_files(tmp_path, [ID]) == Names()


@pytest.mark.parametrize(("admin", "user", "answer"), [(True, 0, "x"), (False, 0, None), (False, 1000, "x")])
def test_podman_is_not_asked_by_a_root_without_rights(monkeypatch, admin, user, answer):
    monkeypatch.setattr(runtimes.commands, "is_admin", lambda: admin)
    monkeypatch.setattr(runtimes.commands, "run", lambda command, seconds: runtimes.commands.Ended(True, "x", ""))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert runtimes.run_command(["podman", "ps"]) == answer
    assert runtimes.run_command(["docker", "ps"]) == "x"


def test_a_host_without_runtimes(tmp_path):
    assert from_files(tmp_path, [ID]) == Names()


@pytest.mark.parametrize(
    "name", ["a b", "", "-x", "a/b", "a\nb", "$(reboot)", "x" * 300, "\x1b[31m", None, 7, ["web"], {}]
)
def test_names_that_no_runtime_allows_are_left_out(tmp_path, name):
    lay(tmp_path, f"var/lib/docker/containers/{ID}/config.v2.json", {"Name": name})
    lay(tmp_path, "var/lib/containers/storage/overlay-containers/containers.json", [{"id": OTHER, "names": [name]}])
    lay(
        tmp_path,
        f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{'f' * 64}/config.json",
        spec(**{"container-name": name}),
    )
    assert from_files(tmp_path, [ID, OTHER, "f" * 64]).containers == {}


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "[[]]", "[" * 100_000, '{"Name": NaN}', "\udcff"])
def test_damaged_files_say_nothing(tmp_path, content):
    for path in (
        f"var/lib/docker/containers/{ID}/config.v2.json",
        "var/lib/containers/storage/overlay-containers/containers.json",
        f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json",
    ):
        lay(tmp_path, path, "")
        (tmp_path / path).write_bytes(os.fsencode(content))
    assert from_files(tmp_path, [ID]).containers == {}


def test_what_is_no_regular_file_holds_nobody_up(tmp_path):
    folder = tmp_path / "var/lib/docker/containers" / ID
    folder.mkdir(parents=True)
    os.mkfifo(folder / "config.v2.json")
    assert from_files(tmp_path, [ID]) == Names()


def test_a_file_larger_than_any_state_is_not_taken(tmp_path, monkeypatch):
    lay(tmp_path, f"var/lib/docker/containers/{ID}/config.v2.json", {"Name": "/web1"})
    monkeypatch.setattr(runtimes, "MAX_FILE_BYTES", 5)
    assert from_files(tmp_path, [ID]) == Names()


@pytest.mark.parametrize("tool", ["podman", "docker"])
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (f"{ID} web1\n{OTHER} db\n", Names({ID: "web1", OTHER: "db"})),
        (f"{ID} other/web,web1\n", Names({ID: "web1"})),
        (f"{ID} {K8S}\n", IN_POD),
        (f"{ID}\nshort web1\n{ID} a b\n{OTHER} a/b\n", Names()),
        (None, Names()),
    ],
)
def test_ps(tool, output, expected):
    assert from_command(tool, lambda _: output) == expected


def crictl_row(**labels):
    about = {"pod.namespace": "shop", "pod.name": "web-0", "pod.uid": POD, "container.name": "nginx", **labels}
    return {"id": ID, "labels": {f"io.kubernetes.{key}": value for key, value in about.items()}}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (json.dumps({"containers": [crictl_row()]}), IN_POD),
        (json.dumps({"containers": [crictl_row(**{"pod.name": "$(x)", "pod.uid": "?"})]}), Names()),
        (json.dumps({"containers": [None]}), Names()),
        (json.dumps([]), Names()),
        ("[" * 100_000, Names()),
        ("", Names()),
        (None, Names()),
    ],
)
def test_crictl(output, expected):
    assert from_command("crictl", lambda _: output) == expected


@given(st.text(), st.sampled_from(["podman", "docker", "crictl"]))
def test_answers_are_not_trusted(text, tool):
    found = from_command(tool, lambda _: f"{ID} {text}")
    assert all(name.isprintable() and name.isascii() for name in found.containers.values())
