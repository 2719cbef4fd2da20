"""The folder that results shall go to: what it is called, and what is refused before anything is measured."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnose.errors import UsageError
from diagnose.report.output import check, default_folder, folder_for
from tests.helpers.example_report import example_capture

FILES = ("report.md", "report.json", "capture.json.gz", "charts/evictions.svg")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to change user")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder of our own."""
    monkeypatch.chdir(tmp_path)


# ---------------------------------------------------------------- names


def test_the_default_name_says_what_and_when() -> None:
    assert default_folder("checkout.service", "2026-03-08T02:59:30Z") == Path(
        "diagnose-checkout.service-20260308T025930Z"
    )


@pytest.mark.parametrize(
    "service", ["/dg/svc", "../..", "a\nb", "..", "-", "", "x" * 5000, "é", "ns/pod", "\x1b[31m", "a b", "$(reboot)"]
)
def test_the_default_name_is_a_plain_name_whatever_the_service_is_called(service: str) -> None:
    name = default_folder(service, "2026-03-08T02:59:30Z")
    assert name.parent == Path()
    assert name.name.startswith("diagnose-")
    assert len(name.name) < 120
    assert set(name.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_a_name_that_is_taken_is_numbered_on() -> None:
    first = default_folder("svc", "2026-03-08T02:59:30Z")
    first.mkdir()
    second = default_folder("svc", "2026-03-08T02:59:30Z")
    second.symlink_to("/nowhere")
    assert [p.name for p in (second, default_folder("svc", "2026-03-08T02:59:30Z"))] == [
        f"{first}-2",
        f"{first}-3",
    ]


def test_a_hostile_start_time_does_not_lead_out_of_the_folder() -> None:
    assert default_folder("svc", "/../../x").parent == Path()


def test_the_folder_asked_for_is_the_folder() -> None:
    capture = example_capture(windows=1)
    assert folder_for(Path("there"), capture) == Path("there")
    assert folder_for(None, capture) == Path("diagnose-svc-20260308T025930Z")


# ---------------------------------------------------------------- refusing early


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_holds_results_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"already holds {name}; nothing is overwritten"):
        check(tmp_path, FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_place_of_a_result_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("/nowhere/else")
    with pytest.raises(UsageError, match="already holds"):
        check(tmp_path, FILES)


def test_a_file_or_a_dead_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/nowhere")
    for taken in ("file", "link", "file/below", "file/far/below"):
        with pytest.raises(UsageError, match="is not a folder"):
            check(tmp_path / taken, FILES)


def test_a_new_folder_below_an_existing_one_will_do(tmp_path: Path) -> None:
    check(tmp_path / "a" / "b" / "c", FILES)
    check(Path("relative"), FILES)
    assert not (tmp_path / "a").exists()


def test_a_link_to_a_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    check(tmp_path / "link", FILES)


def test_a_name_longer_than_any_is_refused(tmp_path: Path) -> None:
    for name in ("x" * 256, "é" * 128, f"deep/{'x' * 300}/down"):
        with pytest.raises(UsageError, match="at most 255 bytes"):
            check(tmp_path / name, FILES)


def test_messages_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb\x1b").touch()
    with pytest.raises(UsageError) as caught:
        check(tmp_path / "a\nb\x1b", FILES)
    assert str(caught.value).isprintable()


@as_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o700)
    pid = os.fork()
    if not pid:  # in a child, since a user cannot be changed back
        try:
            tmp_path.chmod(0o755)
            os.setresuid(65534, 65534, 65534)
            check(closed / "report", FILES)
            os._exit(1)
        except UsageError as error:
            os._exit(0 if "cannot be written to" in str(error) or "not a folder" in str(error) else 2)
        except BaseException:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
