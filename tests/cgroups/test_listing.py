import pytest

from diagnose.cgroups.listing import ServiceListing, list_services, nearest, nearest_services
from tests.helpers.cgroup_trees import ID, POD, Host


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path, "v2")
    host.cgroup("/system.slice/checkout.service", memory__current="300\n", memory__stat="file 200\n")
    host.cgroup(f"/system.slice/docker-{ID}.scope", memory__current="900\n", memory__stat="file 800\n")
    host.cgroup(f"/kubepods/burstable/pod{POD}", memory__current="10\n")
    host.cgroup("/dg/svc", memory__current="500\n", memory__stat="file 400\n")
    host.process(7, "java", "/system.slice/checkout.service")
    host.process(8, "java", "/system.slice/checkout.service/worker")
    host.write(f"var/log/pods/shop_web-0_{POD}/x", "")
    return host


def test_services_with_their_names_largest_cache_first(host):
    rows = list_services(host.hierarchy)
    assert rows[:3] == [
        ServiceListing(ID[:12], f"/system.slice/docker-{ID}.scope", "docker", 900, 800, 0),
        ServiceListing("/dg/svc", "/dg/svc", "files", 500, 400, 0),
        ServiceListing("checkout.service", "/system.slice/checkout.service", "systemd", 300, 200, 2),
    ]
    assert ServiceListing("shop/web-0", f"/kubepods/burstable/pod{POD}", "kubernetes", 10, None, 0) in rows
    assert "/" not in [row.cgroup for row in rows]
    assert {row.file_bytes for row in rows[3:]} == {None}


def test_services_by_text_in_name_or_path_whatever_the_case(host):
    assert [row.name for row in list_services(host.hierarchy, "CHECKOUT")] == [
        "/system.slice/checkout.service/worker",
        "checkout.service",
    ][::-1]
    assert [row.name for row in list_services(host.hierarchy, "shop/")] == ["shop/web-0"]
    assert list_services(host.hierarchy, "|<") == []


def test_only_matching_cgroups_are_opened(host, monkeypatch):
    opened = []
    monkeypatch.setattr("diagnose.cgroups.listing.read_cache", lambda _, path: opened.append(path) or (1, 1))
    list_services(host.hierarchy, "dg/svc")
    assert opened == ["/dg/svc"]


def test_the_nearest_names_are_ones_that_may_be_passed_back(host):
    assert nearest_services(host.hierarchy, "chekout")[0] == "checkout.service"
    assert nearest_services(host.hierarchy, "scv")[0] == "/dg/svc"
    assert nearest_services(host.hierarchy, "checkout-service")[0] == "checkout.service"
    assert nearest_services(host.hierarchy, "out.ser")[0] == "checkout.service"
    assert nearest_services(host.hierarchy, "zzzzzz") == []
    assert nearest("x" * 4000, ["nginx"]) == []
    assert nearest("ngnix", ["nginx", "java"]) == ["nginx"]
