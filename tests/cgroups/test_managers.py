import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import managers
from diagnose.cgroups.managers import Container, Unit
from tests.helpers.cgroup_trees import ID, POD


def answering(answers):
    """Return a runner that knows the answers by the first word of a command, and the list of what it was asked."""
    asked = []

    def run(command):
        asked.append(command)
        return answers.get(command[0])

    return run, asked


def test_systemctl_tells_state_and_control_group():
    text = "Id=a.service\nLoadState=loaded\nActiveState=active\nControlGroup=/system.slice/a.service\nMainPID=42\n"
    run, asked = answering({"systemctl": text})
    assert managers.ask_systemd("a", run) == Unit("a.service", "active", "/system.slice/a.service", 42)
    assert asked[0][-2:] == ["--", "a.service"]


@pytest.mark.parametrize("text", [None, "", "LoadState=not-found\nControlGroup=\n", "garbage"])
def test_a_unit_that_systemd_does_not_know_is_none(text):
    assert managers.ask_systemd("a", answering({"systemctl": text})[0]) is None


def test_patterns_and_options_are_never_passed_on():
    run, asked = answering({})
    for name in ("*", "-x", "a b", "[a]", "x" * 300):
        managers.ask_systemd(name, run)
        managers.ask_containers(name, run)
        managers.ask_kubernetes(name, name, managers.Path("/nonexistent"), run)
    assert asked == []


@given(st.text())
def test_answers_are_not_trusted(text):
    run, _ = answering(dict.fromkeys(("systemctl", "podman", "docker", "kubectl"), text))
    managers.ask_systemd("a", run)
    managers.ask_containers("a", run)
    managers.ask_kubernetes("a", "b", managers.Path("/nonexistent"), run)


@pytest.mark.parametrize(
    ("output", "uids"),
    [
        (json.dumps({"items": [{"metadata": {"name": "web", "namespace": "shop", "uid": POD}}]}), {POD}),
        (json.dumps({"items": [{"metadata": {"name": "web-2", "namespace": "shop", "uid": POD}}]}), set()),
        (json.dumps({"items": [{"metadata": None}]}), set()),
        ("[" * 100_000, set()),
        (None, set()),
    ],
)
def test_crictl_tells_the_uid_of_a_pod(tmp_path, output, uids):
    run, asked = answering({"crictl": output})
    assert managers.ask_kubernetes("shop", "web", tmp_path, run) == uids
    assert sorted(command[0] for command in asked) == ["crictl", "kubectl"]


def test_podman_and_docker_tell_id_and_pid():
    run, asked = answering({"podman": f"{ID} 42\n", "docker": f"{ID} 0\n"})
    assert managers.ask_containers("web", run) == [Container(ID, 42), Container(ID, None)]
    assert sorted(command[:2] for command in asked) == [["docker", "inspect"], ["podman", "inspect"]]


def test_pods_are_known_by_kubelets_log_folders_first(tmp_path):
    (tmp_path / "var/log/pods" / f"shop_web-0_{POD}").mkdir(parents=True)
    (tmp_path / "var/log/pods/not a pod").mkdir()
    run, asked = answering({"kubectl": "other-uid"})
    assert managers.pod_names(tmp_path) == {POD: "shop/web-0"}
    assert managers.ask_kubernetes("shop", "web-0", tmp_path, run) == {POD}
    assert asked == []
    assert managers.ask_kubernetes("shop", "gone", tmp_path, run) == {"other-uid"}
    assert managers.ask_kubernetes("shop", "gone", tmp_path, answering({})[0]) == set()
