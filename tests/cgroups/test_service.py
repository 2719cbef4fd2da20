import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnose.cgroups.hierarchy import Process
from diagnose.cgroups.service import list_services, resolve
from diagnose.errors import CannotMeasureError, DiagnoseError, UsageError
from tests.helpers.cgroup_trees import ID, POD, Host

SHORT = ID[:12]
UNITS = "Id={0}\nLoadState=loaded\nActiveState={1}\nControlGroup={2}\nMainPID={3}\n"


def nobody(_command):
    return None


def systemd(name="web.service", state="active", group="/system.slice/web.service", pid=0):
    return lambda command: UNITS.format(name, state, group, pid) if command[0] == "systemctl" else None


@pytest.fixture(params=["v1", "hybrid", "v2"])
def host(request, tmp_path):
    host = Host(tmp_path, request.param)
    host.process(7, "nginx", "/dg/svc")
    host.process(8, "nginx", "/dg/svc/pool")
    host.process(20, "java", "/system.slice/checkout.service")
    host.process(21, "java", "/batch")
    host.process(1, "init", "/")
    host.cgroup("/system.slice/idle.service")
    host.cgroup(f"/docker/{ID}")
    host.cgroup(f"/kubepods/burstable/pod{POD}")
    host.write(f"var/log/pods/shop_web-0_{POD}/x", "")
    return host


@pytest.mark.parametrize(
    ("name", "cgroup"),
    [
        ("/dg/svc", "/dg/svc"),
        ("dg/svc", "/dg/svc"),
        ("/dg//svc/", "/dg/svc"),
        ("batch", "/batch"),
        ("pid:7", "/dg/svc"),
        ("pid:007", "/dg/svc"),
        ("comm:nginx", "/dg/svc"),
        ("checkout.service", "/system.slice/checkout.service"),
        ("checkout", "/system.slice/checkout.service"),
        ("idle", "/system.slice/idle.service"),
        (ID, f"/docker/{ID}"),
        (SHORT, f"/docker/{ID}"),
        (ID[:3], f"/docker/{ID}"),
        ("shop/web-0", f"/kubepods/burstable/pod{POD}"),
        (f"pod{POD}", f"/kubepods/burstable/pod{POD}"),
    ],
)
def test_forms_of_a_name(host, name, cgroup):
    before = host.listing()
    service = resolve(name, host.hierarchy, nobody)
    assert (service.name, service.cgroup) == (name, cgroup)
    assert service.cgroup_id == host.hierarchy.id_of(cgroup)
    assert host.listing() == before


def test_absolute_paths_under_the_mount(host):
    inside = str(host.memory.relative_to(host.root))
    for mount in (str(host.memory), f"/{inside}"):
        assert resolve(f"{mount}/dg/svc", host.hierarchy, nobody).cgroup == "/dg/svc"
        with pytest.raises(UsageError, match="the whole host"):
            resolve(mount, host.hierarchy, nobody)


def test_the_service_is_its_whole_subtree(host):
    assert resolve("dg/svc", host.hierarchy, nobody).processes == (
        Process(pid=7, comm="nginx"),
        Process(pid=8, comm="nginx"),
    )
    assert resolve("idle.service", host.hierarchy, nobody).processes == ()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "name is empty"),
        (" \t", "name is empty"),
        ("/", "the whole host"),
        ("//", "the whole host"),
        ("pid:1", "the whole host"),
        ("comm:init", "the whole host"),
        ("../..", r"contains '\.' or '\.\.'"),
        ("/dg/../..", r"contains '\.' or '\.\.'"),
        ("a\0b", r"unprintable.*|'a\\x00b'"),
        ("a\nb", r"'a\\x0ab' has unprintable"),
        ("\x1b[31m", "unprintable"),
        ("bad\udcff", "unprintable"),
        ("x" * 5000, r"longer than any name.*"),
        ("/" + "x" * 300, "(?i)unknown service|name too long"),
        ("a|b<c>", r"unknown service 'a\|b<c>'"),
        ("--help", "unknown service '--help'"),
        ("*", r"unknown service '\*'"),
        ("chekout", "nearest: checkout.service"),
        ("/dg/scv", "nearest: /dg/svc"),
        ("svc", "nearest: /dg/svc"),
        ("shop/web-1", "unknown service 'shop/web-1'"),
        ("shop/", "unknown service"),
        ("pid:", "pid: takes a process number"),
        ("pid:abc", "pid: takes a process number"),
        ("pid:0", "pid: takes a process number"),
        ("pid:-1", "pid: takes a process number"),
        ("pid:１", "pid: takes a process number"),
        ("pid:4242", "no process 4242"),
        ("pid:" + "9" * 400, "pid: takes"),
        ("comm:", "comm: takes"),
        ("comm:ngnix", "no process is called 'ngnix'; the nearest: nginx"),
        ("comm:java", "ambiguous: it may be /batch, /system.slice/checkout.service"),
        ("/dg/svc/cgroup.procs", "is a file"),
    ],
)
def test_what_cannot_be_resolved_is_one_clear_line(host, name, says):
    before = host.listing()
    with pytest.raises(UsageError, match=says) as caught:
        resolve(name, host.hierarchy, nobody)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert host.listing() == before


def test_links_are_refused(host, tmp_path):
    (host.memory / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="a symbolic link"):
        resolve("/link", host.hierarchy, nobody)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["", "/", "pid:", "comm:", "shop/", "/dg/"]))
def test_no_name_makes_a_traceback_or_a_cgroup(host, text, prefix):
    before = host.listing()
    cgroup = refusal = ""
    try:
        cgroup = resolve(prefix + text, host.hierarchy, nobody).cgroup
    except DiagnoseError as error:
        refusal = str(error)
    assert refusal.isprintable()
    assert cgroup != "/"
    assert host.listing() == before


def test_commands_that_share_a_root_process_are_ambiguous(host):
    host.process(30, "init", "/dg")
    with pytest.raises(UsageError, match=r"/ \(the whole host, no service\), /dg"):
        resolve("comm:init", host.hierarchy, nobody)


def test_long_commands_match_what_the_kernel_keeps(host):
    host.process(40, "a-very-long-com", "/long")
    assert resolve("comm:a-very-long-command", host.hierarchy, nobody).cgroup == "/long"


def test_a_process_whose_cgroup_is_gone(host):
    host.write("proc/50/cgroup", "4:memory:/old (deleted)\n0::/old (deleted)\n")
    with pytest.raises(UsageError, match=r"process 50 is in cgroup '/old \(deleted\)'"):
        resolve("pid:50", host.hierarchy, nobody)


def test_ambiguous_prefixes_and_names_are_listed(host):
    host.cgroup("/docker/" + ID[:5] + "0" * 59)
    with pytest.raises(UsageError, match=f"ambiguous: it may be /docker/{ID[:5]}.*, /docker/{ID[:5]}.*"):
        resolve(ID[:4], host.hierarchy, nobody)
    host.cgroup("/checkout")
    with pytest.raises(UsageError, match=r"may be /checkout, /system.slice/checkout.service;"):
        resolve("checkout", host.hierarchy, nobody)
    for n in range(30):
        host.cgroup(f"/docker/ffff{n:02}" + "0" * 58)
    with pytest.raises(UsageError, match=r"and 10 more; name one"):
        resolve("ffff", host.hierarchy, nobody)


def test_systemctl_knows_best(host):
    host.cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service")
    host.cgroup("/system.slice/web.service")
    assert resolve("web", host.hierarchy, systemd()).cgroup == "/system.slice/web.service"
    with pytest.raises(UsageError, match="ambiguous"):
        resolve("web", host.hierarchy, nobody)


def test_a_unit_that_does_not_run(host):
    with pytest.raises(UsageError, match=r"unit 'web.service' is known but not running \(inactive\)"):
        resolve("web", host.hierarchy, systemd(state="inactive", group=""))
    host.cgroup("/web")  # something else of that name does
    assert resolve("web", host.hierarchy, systemd(state="inactive", group="")).cgroup == "/web"


def test_a_unit_name_as_it_is_displayed(host):
    host.cgroup(r"/system.slice/my\x2dapp.service")
    for name in ("my-app.service", "my-app", r"my\x2dapp.service"):
        assert resolve(name, host.hierarchy, nobody).cgroup == r"/system.slice/my\x2dapp.service"


@pytest.mark.parametrize("kind", ["v1", "hybrid"])
def test_v1_units_whose_memory_cgroup_is_elsewhere(tmp_path, kind):
    host = Host(tmp_path, kind)
    host.process(60, "web", "/own/web", systemd="/system.slice/web.service")
    assert resolve("web", host.hierarchy, systemd(pid=60)).cgroup == "/own/web"
    assert resolve("web", host.hierarchy, systemd()).cgroup == "/own/web"
    host.process(61, "other", "/own/web")
    with pytest.raises(CannotMeasureError, match="MemoryAccounting=yes"):
        resolve("web", host.hierarchy, systemd(pid=60))


@pytest.mark.parametrize("shared", ["/", "/system.slice"])
def test_v1_units_without_a_memory_cgroup_of_their_own(tmp_path, shared):
    host = Host(tmp_path, "v1")
    host.process(60, "web", shared, systemd="/system.slice/web.service")
    with pytest.raises(CannotMeasureError, match=r"no memory cgroup of its own.*MemoryAccounting=yes"):
        resolve("web", host.hierarchy, systemd(pid=60))


def docker(answer):
    return lambda command: answer if command[0] == "docker" else None


def test_container_names_through_inspect(host):
    assert resolve("web1", host.hierarchy, docker(f"{ID} 0\n")).cgroup == f"/docker/{ID}"
    elsewhere = "e" * 64
    assert resolve("web1", host.hierarchy, docker(f"{elsewhere} 21\n")).cgroup == "/batch"
    with pytest.raises(UsageError, match="container 'web1' is known but not running"):
        resolve("web1", host.hierarchy, docker(f"{elsewhere} 0\n"))


def test_nobody_is_asked_the_same_twice(host):
    asked = []
    with pytest.raises(UsageError, match="unknown service"):
        resolve("web1", host.hierarchy, asked.append)
    assert {command[0] for command in asked} == {"systemctl", "podman", "docker"}
    assert len(asked) == len({tuple(command) for command in asked})


def test_services_are_listed_from_here_too(host):
    assert [row.name for row in list_services(host.hierarchy, "checkout")] == ["checkout.service"]
