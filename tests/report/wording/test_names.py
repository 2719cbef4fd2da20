"""The names beside the paths of a report's tables."""

from __future__ import annotations

from diagnose.report.wording.names import short_ids, used_in

ID = "4f8a1c2e9b7d" + "0123456789abcdef" * 3 + "0123"
WEB = f"/docker/{ID}"
NAMES = {WEB: "web1", "/system.slice/batch.service": "batch.service", "/dg/a": "a", "/dg/a/b": "b in a"}


def test_ids_of_containers_are_as_short_as_docker_prints_them() -> None:
    assert short_ids(f"{WEB}/docker-{ID}.scope") == "/docker/4f8a1c2e9b7d…/docker-4f8a1c2e9b7d….scope"
    assert short_ids("/dg/a") == "/dg/a"


def test_only_names_of_paths_that_the_report_speaks_of() -> None:
    measured = {"evictions": {"matrix": [{"evictor": WEB, "victim": "/dg/a", "cause": "/dg/a/b"}]}, "x": ["/dg/a/b"]}
    assert used_in(measured, NAMES, ["/system.slice/batch.service", "/no/name"]) == {
        WEB: "web1",
        "/dg/a": "a",
        "/system.slice/batch.service": "batch.service",
    }
