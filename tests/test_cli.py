"""The command line as a user meets it: a process, its exit code, and what it writes where."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from example_report import example_capture

from diagnose import capture as captures
from diagnose.cli import cli

PACKED = captures.to_bytes(example_capture(windows=60, requested=60))
NOBODY = 65534


class Run:
    """What a run of `diagnose` came to."""

    def __init__(self, folder: Path, *arguments: str, **options: object) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "diagnose.cli", *arguments],
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr.decode()

    def refused(self, code: int = 2) -> str:
        """Return the one line on standard error; nothing else may have been said."""
        assert (self.code, self.out) == (code, b""), (self.code, self.out[:200], self.err)
        assert self.err.endswith("\n")
        (line,) = self.err.splitlines()
        assert line.startswith("diagnose: ")
        assert line.isprintable()
        assert "internal error" not in line
        return line


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
    from live import bench

    with bench() as here:
        here.make("/checkout")
        line = Run(tmp_path, "latency", "--service", f"{here.top}/chekout").refused()
        assert "unknown service" in line
        assert f"{here.top}/checkout" in line


@pytest.mark.kernel
def test_a_service_that_matches_several_is_refused_with_the_list(tmp_path: Path) -> None:
    from live import bench

    with bench() as here:
        one, two = here.make("/one"), here.make("/two")
        for cgroup in (one, two):
            here.worker(cgroup, 'open("/proc/self/comm", "w").write("diag-twins")\ngo()\ndone()')
        line = Run(tmp_path, "latency", "--service", "comm:diag-twins").refused()
        assert "ambiguous" in line
        assert one in line
        assert two in line


# ---------------------------------------------------------------- report


def test_the_report_is_the_same_byte_for_byte(capture: Path) -> None:
    for name in ("one", "two"):
        run = Run(capture.parent, "report", capture.name, "--output", name)
        assert run.code == 1, run.err
    one, two = (files_in(capture.parent / name) for name in ("one", "two"))
    assert one == two
    assert {"report.md", "report.json", "charts/latency-over-time.svg", "charts/latency-over-time.png"} <= set(one)
    assert one["capture.json.gz"] == PACKED


def test_the_terminal_gets_the_verdict_and_where_the_report_is(capture: Path) -> None:
    run = Run(capture.parent, "report", capture.name, "--output", "r")
    out = run.out.decode()
    assert out.startswith("verdict: page-cache-noisy-neighbour, ")
    assert "\nreport: r/report.md\n" in out
    assert "\nchange 1: " in out
    assert "\nnext: diagnose apply r/report.json --dry-run  # " in out


def test_a_dash_prints_the_markdown_and_nothing_else(capture: Path) -> None:
    Run(capture.parent, "report", capture.name, "--output", "r", "--no-charts")
    run = Run(capture.parent, "report", capture.name, "--output", "-")
    assert run.out == (capture.parent / "r" / "report.md").read_bytes()
    assert run.err == ""
    assert sorted(p.name for p in capture.parent.iterdir()) == ["capture.json.gz", "r"]


def test_formats_are_chosen_by_name(capture: Path) -> None:
    formats = "--format", "html,jira", "--format", "openmetrics"
    run = Run(capture.parent, "report", capture.name, "--output", "r", *formats)
    assert run.code == 1, run.err
    assert "\nreport: r/report.html\n" in run.out.decode()
    written = {name for name in files_in(capture.parent / "r") if not name.startswith("charts/")}
    assert written == {"report.html", "report.jira.txt", "report.prom", "capture.json.gz"}


def test_any_format_can_be_printed(capture: Path) -> None:
    run = Run(capture.parent, "report", capture.name, "--output", "-", "--format", "html")
    assert run.out.startswith(b"<!DOCTYPE html>")
    assert run.out.count(b"<figure") >= 3
    assert run.err == ""


@pytest.mark.parametrize("wanted", [["--format", "htm"], ["--format", "text,json", "--output", "-"], ["--format", ""]])
def test_a_format_that_cannot_be_is_exit_2_before_the_work(wanted: list[str], capture: Path) -> None:
    Run(capture.parent, "report", capture.name, *wanted).refused()
    Run(capture.parent, "latency", "--service", "nobody", *wanted).refused()
    assert [p.name for p in capture.parent.iterdir()] == ["capture.json.gz"]


def test_a_report_without_charts_is_better_than_none(capture: Path) -> None:
    """Where the plotting library is broken, a warning says so."""
    broken = capture.parent / "matplotlib.py"
    broken.write_text("raise ImportError('broken here')")
    run = Run(capture.parent, "report", capture.name, "--output", "r", env={**os.environ, "PYTHONPATH": _path(broken)})
    assert run.code == 1, run.err
    assert run.err == "diagnose: warning: no charts (ImportError: broken here); the report has them as text\n"
    assert "](charts/" not in (capture.parent / "r" / "report.md").read_text()


def _path(module: Path) -> str:
    return os.pathsep.join([str(module.parent), *filter(None, [os.environ.get("PYTHONPATH")])])


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_markdown_is_utf8_whatever_the_terminal_is(encoding: str, capture: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    run = Run(capture.parent, "report", capture.name, "--output", "-", env=environment)
    assert run.code == 1, run.err
    assert run.out == Run(capture.parent, "report", capture.name, "--output", "-").out


def test_a_terminal_that_cannot_show_a_character_still_gets_the_line(capture: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = Run(capture.parent, "report", capture.name, "--output", "r", env=environment)
    assert run.code == 1, run.err
    assert run.out.startswith(b"verdict: ")


def test_without_output_a_folder_is_made_here(capture: Path) -> None:
    Run(capture.parent, "report", capture.name)
    Run(capture.parent, "report", capture.name)
    made = sorted(p.name for p in capture.parent.iterdir() if p.is_dir())
    assert made == ["diagnose-svc-20260308T025930Z", "diagnose-svc-20260308T025930Z-2"]


@pytest.mark.parametrize("lines", [1, 0])
def test_a_reader_that_leaves_is_no_error(lines: int, capture: Path) -> None:
    command = f"{sys.executable} -m diagnose.cli report {capture} --output - | head -{lines}; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "1")


@pytest.mark.parametrize("arguments", [["rules", "list"], ["--help"], ["doctor"], ["rules", "test"]])
def test_no_command_minds_a_reader_that_leaves(arguments: list[str]) -> None:
    command = f"{sys.executable} -m diagnose.cli {' '.join(arguments)} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "content",
    [b"", b"text", PACKED[:100], PACKED[:-1], gzip.compress(b"{}"), gzip.compress(b"null"), gzip.compress(b"[" * 9999)],
    ids=["empty", "text", "head", "cut", "object", "null", "deep"],
)
def test_a_bad_capture_is_exit_2(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(content)
    Run(tmp_path, "report", "c").refused()
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("name", ["none", ".", "", "/", "x" * 300, "a\nb"])
def test_a_capture_that_is_not_there_is_exit_2(name: str, tmp_path: Path) -> None:
    Run(tmp_path, "report", name).refused()


@pytest.mark.parametrize("output", ["/etc/passwd", "/etc/passwd/x", "x" * 300, "/proc/1/x/y", "capture.json.gz"])
def test_an_output_that_cannot_be_is_exit_2_before_the_work(output: str, capture: Path) -> None:
    if output.startswith("/proc") and os.geteuid() == 0:
        pytest.skip("root is told so by the kernel alone, when it writes")
    Run(capture.parent, "report", capture.name, "--output", output).refused()


def test_rules_of_ones_own_are_used_and_bad_ones_refused(capture: Path) -> None:
    (capture.parent / "rules").mkdir()
    (capture.parent / "rules" / "broken.yaml").write_text("id: [")
    run = Run(capture.parent, "report", capture.name, "--rules", "rules", "--output", "-")
    assert (run.code, run.out) == (2, b"")
    assert "broken.yaml" in run.err
    assert "Traceback" not in run.err
    assert "not a folder" in Run(capture.parent, "report", capture.name, "--rules", "none").refused()


# ---------------------------------------------------------------- rules, doctor, services


def test_rules_are_listed_one_a_line(tmp_path: Path) -> None:
    run = Run(tmp_path, "rules", "list")
    assert run.code == 0
    lines = run.out.decode().splitlines()
    assert all(re.fullmatch(r"[a-z0-9-]+ {2,}\S.*", line) for line in lines)
    assert any(line.startswith("page-cache-noisy-neighbour ") for line in lines)


def test_every_listed_rule_can_be_shown(tmp_path: Path) -> None:
    ids = [line.split()[0] for line in Run(tmp_path, "rules", "list").out.decode().splitlines()]
    for rule_id in ids[:3]:
        run = Run(tmp_path, "rules", "show", rule_id)
        assert run.code == 0
        assert rule_id in run.out.decode()


def test_an_unknown_rule_gets_the_nearest(tmp_path: Path) -> None:
    assert "page-cache-noisy-neighbour" in Run(tmp_path, "rules", "show", "page-cache-noisy-neighbor").refused()


def test_the_shipped_rules_have_nothing_to_mend_and_pass_their_tests(tmp_path: Path) -> None:
    assert Run(tmp_path, "rules", "lint").code == 0
    run = Run(tmp_path, "rules", "test")
    assert run.code == 0
    assert run.out.decode().splitlines()[-1].endswith(" 0 failed")


@pytest.mark.parametrize("command", ["lint", "test"])
def test_a_folder_of_rules_that_is_not_there_is_exit_2(command: str, tmp_path: Path) -> None:
    Run(tmp_path, "rules", command, "none").refused()


def test_lint_says_what_to_mend(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: broken\n")
    run = Run(tmp_path, "rules", "lint", ".")
    assert run.code == 2
    assert b"broken.yaml" in run.out
    assert "Traceback" not in run.err


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
    from live import bench

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
