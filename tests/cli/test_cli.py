"""The command line as a user meets it: a process, its exit code, and what it writes where."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from diagnose.capture import file as captures
from diagnose.cli import cli
from tests.helpers.example_report import example_capture
from tests.helpers.run_cli import Run

PACKED = captures.to_bytes(example_capture(windows=60, requested=60))
NOBODY = 65534


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "capture.json.gz"
    path.write_bytes(PACKED)
    return path


def commands(group: click.Group = cli, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """Return every command by the words that name it."""
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, (*prefix, name))
        else:
            found[(*prefix, name)] = command
    return found


COMMANDS = commands()
NAMES = [" ".join(words) for words in COMMANDS]

# ---------------------------------------------------------------- help


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_every_command_explains_itself_and_each_option(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    context = click.Context(command, info_name=" ".join(words), **cli.context_settings)
    text = command.get_help(context)
    assert (command.help or "").split("\n")[0].endswith(".")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.opts[0] in text


@pytest.mark.parametrize("words", COMMANDS, ids=NAMES)
def test_every_number_has_a_unit_and_a_default(words: tuple[str, ...]) -> None:
    for option in COMMANDS[words].params:
        if isinstance(option, click.Option) and option.type in (click.FLOAT, click.INT):
            unit = option.metavar or ""
            assert unit in ("SECONDS", "N", "BYTES", "MIB", "PORT") or re.search(
                r"\b(s|seconds|number|bytes|MiB)\b", option.help or ""
            ), f"{option.name} has no unit"
            fixed = isinstance(option.default, int | float)
            assert option.show_default or not fixed, f"{option.name} does not show its default"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_on_standard_output_and_lists_the_commands(flag: str, tmp_path: Path) -> None:
    run = Run(tmp_path, flag)
    assert (run.code, run.err) == (0, "")
    for words in COMMANDS:
        assert re.search(rf"^  {words[0]} ", run.out.decode(), re.MULTILINE)


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    from diagnose import __version__

    assert __version__ in Run(tmp_path, "--version").out.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["latency"],
        ["report"],
        ["rules", "show"],
        ["latency", "--service", "x", "--duration", "long"],
        ["latency", "--nonsense"],
        ["report", "a", "b"],
    ],
)
def test_bad_usage_is_exit_2_without_a_traceback(arguments: list[str], tmp_path: Path) -> None:
    run = Run(tmp_path, *arguments)
    assert run.code == 2
    assert "Traceback" not in run.err
    assert run.err


def test_a_reader_of_messages_that_is_gone_changes_nothing(capture: Path) -> None:
    for arguments, code in ((["report", "missing"], 2), (["report", capture.name, "--output", "r"], 1)):
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "diagnose.cli", *arguments]
        done = subprocess.run(command, cwd=capture.parent, stderr=writing, stdout=subprocess.PIPE, check=False)
        os.close(writing)
        assert done.returncode == code
    assert (capture.parent / "r" / "report.md").exists()


# ---------------------------------------------------------------- latency


@pytest.mark.parametrize(
    ("duration", "window"),
    [(text, "1") for text in "0 -5 nan inf 1e9 0.5".split()]  # noqa: SIM905
    + [("100", text) for text in "0 0.01 nan 61 -1".split()],  # noqa: SIM905
)
def test_a_time_that_cannot_be_measured_is_refused(duration: str, window: str, tmp_path: Path) -> None:
    run = Run(tmp_path, "latency", "--service", "x", "--duration", duration, "--window", window)
    assert re.search(r"--(duration|window) is ", run.refused())


def test_results_are_not_overwritten_and_that_is_said_before_anything_else(capture: Path) -> None:
    line = Run(capture.parent, "latency", "--service", "x", "--output", ".").refused()
    assert "already holds capture.json.gz" in line


def as_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


@pytest.mark.parametrize("arguments", [["latency", "--service", "x"], ["latency", "--service", "pid:1"]])
def test_without_root_it_is_exit_3_and_one_line(arguments: list[str]) -> None:
    options = {"preexec_fn": as_nobody} if os.geteuid() == 0 else {}
    line = Run(Path("/"), *arguments, **options).refused(3)
    assert "needs root" in line


NAMELESS = (
    *("../..", "/../..", "/", "a\nb", "", " ", "\x1b[31mred", "x" * 10_000, "no-such-service", "ns/no-pod"),
    *(
        "pid:abc",
        "pid:0",
        "pid:99999999",
        "pid:-1",
        "comm:",
        "comm:no-such-command",
        "/no/such/cgroup",
        "/cgroup.procs",
    ),
)


@pytest.mark.kernel
@pytest.mark.parametrize(
    "name",
    NAMELESS,
    ids=lambda name: repr(name)[:20],
)
def test_a_name_that_names_nothing_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    line = Run(tmp_path, "latency", f"--service={name}", "--duration", "1").refused()
    assert len(line) < 700
    assert list(tmp_path.iterdir()) == []


@pytest.mark.kernel
def test_an_unknown_service_gets_the_nearest_names(tmp_path: Path) -> None:
    from tests.helpers.live import bench

    with bench() as here:
        here.make("/checkout")
        line = Run(tmp_path, "latency", "--service", f"{here.top}/chekout").refused()
        assert "unknown service" in line
        assert f"{here.top}/checkout" in line


@pytest.mark.kernel
def test_a_service_that_matches_several_is_refused_with_the_list(tmp_path: Path) -> None:
    from tests.helpers.live import bench

    with bench() as here:
        one, two = here.make("/one"), here.make("/two")
        for cgroup in (one, two):
            here.worker(cgroup, 'open("/proc/self/comm", "w").write("diag-twins")\ngo()\ndone()')
        line = Run(tmp_path, "latency", "--service", "comm:diag-twins").refused()
        assert "ambiguous" in line
        assert one in line
        assert two in line


# ---------------------------------------------------------------- doctor, services


def test_the_doctor_answers_a_person_and_a_machine(tmp_path: Path) -> None:
    import json

    person, machine = Run(tmp_path, "doctor"), Run(tmp_path, "doctor", "--json")
    assert person.code == machine.code
    assert person.code in (0, 3)
    answer = json.loads(machine.out)
    assert answer["can_measure"] is (machine.code == 0)
    assert len(person.out.splitlines()) >= len(answer["checks"])


@pytest.mark.kernel
def test_services_are_listed_and_narrowed_down(tmp_path: Path) -> None:
    from tests.helpers.live import bench

    with bench() as here:
        run = Run(tmp_path, "services", here.top)
        assert run.code == 0
        head, line = run.out.decode().splitlines()
        assert head.split() == ["NAME", "CGROUP", "MEMORY", "CACHE", "PROCESSES"]
        assert here.top in line
    run = Run(tmp_path, "services", "no-such-thing")
    assert run.code == 0
    assert "nothing here looks like that" in run.err


def test_an_internal_error_is_one_line_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from diagnose import cli as entry
    from diagnose import doctor

    def broken() -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(doctor, "checks", broken)
    with pytest.raises(SystemExit) as caught:
        entry.main(["doctor"])
    assert caught.value.code == 3
    assert capsys.readouterr().err == (
        "diagnose: internal error: ZeroDivisionError: a bug; this is a bug, DIAGNOSE_DEBUG=1 shows where\n"
    )


def test_ctrl_c_before_the_measurement_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from diagnose import cli as entry
    from diagnose import doctor

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "checks", interrupted)
    with pytest.raises(SystemExit) as caught:
        entry.main(["doctor"])
    assert caught.value.code == 3
    assert capsys.readouterr().err.strip() == "diagnose: stopped; there is no report"
