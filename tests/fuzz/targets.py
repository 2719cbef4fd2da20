"""What is fuzzed: each target makes one example out of a `Random` and feeds it to the product.

Whatever the input, the product ends with a result or with its own error type, whose message is printable lines.
Anything else that leaves a target is a bug: another exception, a hang, memory without a bound (`guard.py`), a file
outside of where files belong.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from diagnose import pipeline
from diagnose.analysis.facts import Facts
from diagnose.analysis.windows import Windows
from diagnose.capture import file as captures
from diagnose.capture.redact import redact
from diagnose.errors import DiagnoseError
from diagnose.measure.bpf import btf, compat, flags
from diagnose.measure.bpf.attachment import Attachment
from diagnose.report import output
from diagnose.report.formats import FORMATS
from diagnose.report.formats.delivery import contents, delivery
from diagnose.report.wording.rule_page import explain, list_rules
from diagnose.report.wording.rule_tests import message
from diagnose.resources import folder
from diagnose.rules import RuleSet, load_rules
from diagnose.rules.evaluate import evaluate
from diagnose.rules.evaluate.testing import run_tests
from diagnose.rules.interpret import interpret
from diagnose.rules.lint import lint
from diagnose.rules.yaml_files import read
from tests.fuzz import applying, container_files, host_files, process_files, surroundings, ticket_answers
from tests.fuzz.messages import in_lines
from tests.fuzz.mutations import WORDS, json_text, odd_value, spoilt_bytes, spoilt_json
from tests.helpers.btf_blob import Blob
from tests.helpers.example_report import example_capture
from tests.helpers.own_rules import shipped_shared
from tests.helpers.paths import RECORDED_KERNELS

Target = Callable[[Random], None]


@cache
def _rules() -> RuleSet:
    return load_rules()


@cache
def _capture_text() -> str:
    return gzip.decompress(captures.to_bytes(example_capture(windows=30, requested=30))).decode()


def capture_files(random: Random) -> None:
    """A capture file, from its bytes to the report in every format, also redacted."""
    text = json_text(random, spoilt_json(random, json.loads(_capture_text())))
    packed = gzip.compress(text, 1)
    if random.random() < 0.1:
        packed = spoilt_bytes(random, packed)
    try:
        capture = captures.parse(packed, "capture.json.gz")
        if random.random() < 0.3:
            capture = redact(capture)
        report = pipeline.analyse(capture, _rules(), packed)
        name = random.choice(sorted(FORMATS))
        files = contents(report, packed, delivery(None, [name], with_charts=False), lambda _: ())
        assert len(files) == 2
        with tempfile.TemporaryDirectory() as below:
            chosen = output.default_folder(capture.service.name, capture.start)
            assert len(chosen.parts) == 1
            assert not chosen.name.startswith(".")
            output.write(Path(below) / chosen, files)
    except DiagnoseError as error:
        in_lines(error)


@cache
def _rule_texts() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder("rules").glob("*.yaml"))}


@cache
def _facts() -> Facts:
    return Facts(Windows(example_capture(windows=30, requested=30)))


def rule_files(random: Random) -> None:
    """A folder of rules: loaded, tested by their own tests, and asked about a capture."""
    name = random.choice(sorted(_rule_texts()))
    content = _rule_texts()[name]
    content = spoilt_bytes(random, content) if random.random() < 0.5 else _lines_spoilt(random, content)
    with tempfile.TemporaryDirectory() as below:
        Path(below, name).write_bytes(content)
        try:
            _, faults = interpret(read(Path(below, name)), shipped_shared())
            if faults and random.random() < 0.95:
                return  # loading all of the shipped rules beside takes a hundred times as long
            rules = load_rules([Path(below)])
            said = [message(test) for test in run_tests(Path(below))]
            said += [found.text for found in lint(Path(below))] + [title for _, title in list_rules(rules)]
            own = [loaded for loaded in rules if loaded.document.path.parent == Path(below)]
            said += [line for loaded in own for line in explain(loaded).split("\n")]
            assert all(line.isprintable() for line in said), [line for line in said if not line.isprintable()]
            evaluate(rules, _facts())
        except DiagnoseError as error:
            in_lines(error)


def _lines_spoilt(random: Random, content: bytes) -> bytes:
    """Give some keys another value, so that most of the file stays YAML."""
    lines = content.decode().split("\n")
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(lines))
        key, colon, _rest = lines[place].partition(": ")
        value = json.dumps(odd_value(random)) if random.random() < 0.5 else random.choice(WORDS)
        lines[place] = f"{key}{colon}{value}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


@cache
def _blob() -> bytes:
    recorded = RECORDED_KERNELS
    return gzip.decompress((recorded / "6.12" / "vmlinux.btf.gz").read_bytes())


def btf_blobs(random: Random) -> None:
    """The kernel's types, asked for everything that the programs need."""
    blob = _blob()
    if random.random() < 0.5:
        small = Blob()
        for _ in range(random.randint(1, 12)):
            members = [(random.choice(("folio", "", "mapping")), random.randrange(20), random.randrange(2**31))] * 3
            small.struct(random.choice(("folio", "inode", "")), members, kind=random.choice((4, 5)))
            small.add(
                random.choice((2, 8, 9, 10, 12)), random.choice(("folio", "btf_trace_x", "")), random.randrange(20)
            )
        blob = small.bytes()
    try:
        parsed = btf.Btf(spoilt_bytes(random, blob))
        parsed.tracepoint_arguments("x")
        parsed.function_arguments("filemap_read")
        for ask in (flags.offset_flags, flags.constant_flags, flags.helper_flags, flags.kprobe_flags):
            try:
                ask(parsed)
            except DiagnoseError as error:
                in_lines(error)
    except DiagnoseError as error:
        in_lines(error)


@cache
def _formats() -> bytes:
    recorded = RECORDED_KERNELS
    return (recorded / "6.12" / "formats.txt").read_bytes()


def tracefs_formats(random: Random) -> None:
    """The format files of tracepoints, and /proc/kallsyms."""
    with tempfile.TemporaryDirectory() as name:
        tracefs = Path(name)
        content = spoilt_bytes(random, random.choice((_formats(), b"field:" * 2000, b"field:long pause;" * 500)))
        for event in ("writeback/balance_dirty_pages", "syscalls/sys_enter_read"):
            (tracefs / "events" / event).mkdir(parents=True)
            (tracefs / "events" / event / "format").write_bytes(content)
        (tracefs / "kallsyms").write_bytes(
            spoilt_bytes(random, b"ffffffff81000000 T shrink_lruvec\nffffffff81000100 t x\n" * 50)
        )
        flags.tracepoint_flags(tracefs)
        flags.stack_flags(tracefs / "kallsyms")
        attachment = Attachment("tracepoint", "syscalls:sys_enter_read", "on_read", arguments=("fd", "buf", "count"))
        compat.misfit(attachment, btf.Btf(_blob()), tracefs)


TARGETS: dict[str, Target] = {
    "capture-files": capture_files,
    "rule-files": rule_files,
    "report-files": applying.report_files,
    "btf-blobs": btf_blobs,
    "tracefs-formats": tracefs_formats,
    "host-files": host_files.host_files,
    "container-files": container_files.container_files,
    "process-files": process_files.process_files,
    "sysfs-files": surroundings.sysfs_files,
    "doctor-files": surroundings.doctor_files,
    "report-folders": ticket_answers.report_folders,
    "ticket-answers": ticket_answers.ticket_answers,
}
