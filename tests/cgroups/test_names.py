"""Names by path: containers in pods, what lies inside them, names kept, and runtimes that hang or are not asked."""

import threading

import pytest

from diagnose.cgroups.names import KnownNames
from tests.helpers.cgroup_trees import ID, POD

OTHER = "e" * 64
SLICE = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD.replace('-', '_')}.slice"
IN_POD = f"{SLICE}/cri-containerd-{ID}.scope"
WEB = f"/machine.slice/libpod-{OTHER}.scope"


def answering(**answers):
    asked = []

    def run(command):
        asked.append(command[0])
        return answers.get(command[0])

    return run, asked


@pytest.fixture
def root(tmp_path):
    (tmp_path / "var/log/pods" / f"shop_web-0_{POD}").mkdir(parents=True)
    links = tmp_path / "var/log/containers"
    links.mkdir()
    (links / f"web-0_shop_nginx-{ID}.log").symlink_to("/nowhere")
    return tmp_path


def test_names_and_labels(root):
    known = KnownNames(root, answering(podman=f"{OTHER} web1\n")[0])
    known.learn([SLICE, IN_POD, WEB, f"{WEB}/container", "/dg/svc"])
    assert known.name(SLICE) == known.label(SLICE) == "shop/web-0"
    assert known.name(IN_POD) == known.label(IN_POD) == "shop/web-0/nginx"
    assert known.name(WEB) == known.label(WEB) == "web1"
    assert (known.name(f"{WEB}/container"), known.label(f"{WEB}/container")) == (None, "container in web1")
    assert (known.name("/dg/svc"), known.label("/dg/svc")) == (None, None)


def test_what_lies_inside_a_unit_is_in_it_and_inside_a_slice_is_not(tmp_path):
    known = KnownNames(tmp_path, answering()[0])
    assert known.label("/system.slice/checkout.service/pool/w1") == "pool/w1 in checkout.service"
    assert known.label("/system.slice/checkout.service") == "checkout.service"
    assert known.label("/system.slice/folder") is None
    assert known.label("/") is None


def test_a_container_without_a_name_is_told_by_its_id_and_its_pod(tmp_path):
    (tmp_path / "var/log/pods" / f"shop_web-0_{POD}").mkdir(parents=True)
    known = KnownNames(tmp_path, answering()[0])
    known.learn([SLICE, IN_POD, f"/docker/{OTHER}"])
    assert known.label(IN_POD) == f"{ID[:12]} in shop/web-0"
    assert known.name(IN_POD) == ID[:12]
    assert known.label(f"/docker/{OTHER}") == OTHER[:12]


@pytest.mark.parametrize(
    ("path", "tools"),
    [
        (f"/docker/{OTHER}", ["docker"]),
        (WEB, ["podman"]),
        (f"/kubepods/pod{POD}/{OTHER}", ["crictl", "docker"]),
        (f"/batch/{OTHER}", ["docker", "podman"]),
        (f"/system.slice/nerdctl-{OTHER}.scope", []),
        (IN_POD, []),
        (SLICE, []),
        ("/system.slice/a.service", []),
    ],
)
def test_only_who_may_know_is_asked_and_only_for_what_no_file_says(root, path, tools):
    run, asked = answering()
    known = KnownNames(root, run)
    known.learn([path])
    assert sorted(asked) == tools
    known.learn([path])
    assert sorted(asked) == tools, "asked twice"


def test_names_are_kept_when_their_source_is_gone(root):
    known = KnownNames(root, answering()[0])
    known.learn([IN_POD])
    (root / "var/log/containers" / f"web-0_shop_nginx-{ID}.log").unlink()
    known.learn([IN_POD, f"/docker/{OTHER}"])
    assert known.name(IN_POD) == "shop/web-0/nginx"


def test_a_runtime_that_hangs_costs_the_name_alone(root):
    hangs = threading.Event()
    known = KnownNames(root, lambda _: None if hangs.wait(60) else "late")
    known.learn_later([IN_POD, WEB])
    known.learn_later([f"/docker/{'a' * 64}"])
    known.finish(0.2)
    assert known.label(WEB) == OTHER[:12]
    assert not hangs.is_set()
    hangs.set()
    known.finish(60)
    assert known.label(IN_POD) == "shop/web-0/nginx"


def test_what_appears_while_an_answer_is_awaited_is_asked_for_next(tmp_path):
    first, asked = threading.Event(), []

    def run(command):
        asked.append(command[0])
        first.wait(60)
        return {"podman": f"{OTHER} web1\n", "docker": f"{ID} db\n"}[command[0]]

    known = KnownNames(tmp_path, run)
    known.learn_later([WEB])
    known.learn_later([f"/docker/{ID}"])
    first.set()
    known.finish(60)
    assert (known.name(WEB), known.name(f"/docker/{ID}")) == ("web1", "db")
    assert asked == ["podman", "docker"]


def test_from_inside_a_container_the_files_are_the_hosts(root):
    (root / "proc/1").mkdir(parents=True)
    host = root / "elsewhere"
    (host / "var/log/pods" / f"host_pod_{POD}").mkdir(parents=True)
    (root / "proc/1/root").symlink_to(host)
    known = KnownNames(root, answering()[0])
    known.learn([SLICE])
    assert known.name(SLICE) == "host/pod"
