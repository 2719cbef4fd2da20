"""Every command that the documentation shows is run, here or elsewhere; nothing is shown that is refused.

Run here: what needs neither root nor a kernel, in a folder with the files that the pages speak of. Live: `latency`
on a service of the name shown, for a shorter time. The loop of demo, apply, verify and rollback: `test_readme_loop.py`.
Not run: what installs (it would change the machine that runs the tests); it is compared with what `make` does instead.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from diagnose.cli import cli
from diagnose.cli._manual import tree
from tests.docs.test_readme_loop import steps
from tests.helpers.manual_parsing import parsed
from tests.helpers.paths import CHECKOUT

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md")), CHECKOUT / "rules" / "README.md"]
OFFLINE = ("services", "doctor", "report", "rules")
LOOP = ("demo", "apply", "verify", "rollback")
INSTALLS = ("make", "apt-get", "pip")
TEXT = "".join(page.read_text() for page in PAGES)


def commands() -> list[str]:
    """Return the lines of all sh blocks and the commands of all console blocks, without comments, each once."""
    found = []
    for language, block in re.findall(r"```(sh|console)\n(.*?)```", TEXT, re.DOTALL):
        lines = block.splitlines()
        found += [line[2:] for line in lines if line.startswith("$ ")] if language == "console" else lines
    return list(dict.fromkeys(re.sub(r"\s+#.*", "", line) for line in found if line.strip()))


def inline() -> list[str]:
    """Return what is set as code within the text and begins with `diagnose`."""
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    return list(dict.fromkeys(" ".join(code.split()) for code in re.findall(r"`(diagnose [^`]+)`", prose)))


def kind(line: str) -> str:
    """Return the word that decides how a line is tried: a program, or the command of `diagnose`."""
    words = shlex.split(line.removeprefix("sudo "))
    return words[1] if words[0] == "diagnose" else words[0]


COMMANDS = commands()


def test_there_are_commands_and_each_is_tried_somewhere() -> None:
    assert len(COMMANDS) > 15
    known = {*OFFLINE, *LOOP, *INSTALLS, "latency", "attach"}  # tests/attach posts to servers of its own
    assert [line for line in COMMANDS if kind(line) not in known] == [], "say in this file how these are to be tried"


@pytest.mark.parametrize("line", [line for line in COMMANDS if kind(line) not in INSTALLS])
def test_no_command_is_shown_that_is_refused(line: str) -> None:
    parsed(line)


@pytest.mark.parametrize("line", inline())
def test_nor_within_the_text(line: str) -> None:
    if "COMMAND" not in line and tuple(line.split()) not in tree(cli):
        parsed(line)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the pages speak of: a capture, and rules of one's own."""
    recorded = CHECKOUT / "diagnose" / "lab" / "recorded" / "noisy-neighbour.capture.json.gz"
    shutil.copy(recorded, tmp_path / "capture.json.gz")
    (tmp_path / "my-rules").mkdir()
    example = re.findall(r"```yaml\n(.*?)```", (CHECKOUT / "rules" / "README.md").read_text(), re.DOTALL)[0]
    (tmp_path / "my-rules" / "many-misses.yaml").write_text(example)
    return tmp_path


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "diagnose.cli", *shlex.split(line.removeprefix("sudo "))[1:]]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("line", [line for line in COMMANDS if kind(line) in OFFLINE])
def test_it_does_what_its_manual_says(line: str, folder: Path) -> None:
    done = run(line, folder)
    assert done.returncode in set(parsed(line).exits) - {2}, done.stderr
    assert "Traceback" not in done.stderr
    if line.startswith("diagnose report"):
        assert done.returncode == 1
        assert done.stdout.startswith("verdict: page-cache-noisy-neighbour")


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`diagnose {name}" in (CHECKOUT / "README.md").read_text()


@pytest.mark.parametrize("line", [line for line in COMMANDS if kind(line) in LOOP])
def test_what_changes_something_is_a_step_of_the_loop(line: str) -> None:
    """The loop is run as shown in `test_readme_loop.py`; elsewhere its commands differ in file names alone."""

    def without_files(text: str) -> list[str]:
        return [word for word in text.split() if not re.search(r"\.json$|^--yes$|^--dry-run$", word)]

    assert without_files(line) in [without_files(command) for command, _ in steps()]


@pytest.mark.parametrize("line", [line for line in COMMANDS if kind(line) in INSTALLS])
def test_what_installs_is_what_make_does(line: str) -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    words = line.split()
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE)
    elif words[0] == "apt-get":
        installed = (CHECKOUT / ".ci" / "system-packages").read_text()
        assert all(f"missing+=({package})" in installed for package in words if package.startswith("python3"))
    else:
        assert words == ["pip", "install", "dist/diagnose-*.whl"]
        assert "-m build --wheel" in makefile  # which writes to dist/; test_wheel.py installs it


@pytest.mark.kernel
@pytest.mark.parametrize("line", [line for line in COMMANDS if kind(line) == "latency"])
def test_measuring(line: str, folder: Path) -> None:
    from tests.helpers.live import PAGE, bench

    short = re.sub(r"--duration \d+", "--duration 2", line)
    with bench() as here:
        service = here.make("/checkout")
        here.file("data", 256)
        reading = f'fd = opened("data")\nwhile True: os.pread(fd, {PAGE}, 0); time.sleep(0.01)'
        here.worker(service, f"import time\nos.write(1, b'r')\n{reading}")
        done = run(short.replace("--service checkout", f"--service {service}"), folder)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout.startswith("verdict: ")
    assert "measured 2 of 2 windows" in done.stderr
    (report,) = folder.glob("diagnose-*/report.md")
    assert report.read_text().startswith("# Read latency of")


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not target.startswith("https://"):
                path, _, anchor = target.partition("#")
                aim = page.parent / path if path else page
                assert aim.exists(), f"{page.name}: {target}"
                headings = re.findall(r"^#+ (.*)", aim.read_text(), re.MULTILINE) if anchor else []
                assert not anchor or anchor in [h.lower().replace(" ", "-") for h in headings], target


def test_a_command_that_would_be_refused_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed("diagnose latency --servce x")


def promises() -> dict[str, str]:
    """Return the promises of docs/safety.md, each with what attacks it."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|.*\| (.+?) \|$", (CHECKOUT / "docs/safety.md").read_text(), re.MULTILINE)
    return dict(rows)


def test_every_promise_of_safety_is_attacked() -> None:
    found = promises()
    assert len(found) > 15
    for promise, attacked_by in found.items():
        files = re.findall(r"`(tests/[\w/]+\.py)`", attacked_by)
        assert files, promise
        assert [file for file in files if not (CHECKOUT / file).is_file()] == [], promise
