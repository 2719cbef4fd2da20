"""What of the BPF loader needs no kernel: finding bcc, joining the sources, counting CPUs, partial attachment."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import numpy as np
import pytest

from diagnose import resources
from diagnose.errors import CannotMeasureError
from diagnose.probes import TRACEPOINTS, _bpf
from diagnose.probes._bpf import LOST, Attachment, attach_probe, find_bcc, source


def fake_bcc(folder: Path) -> Path:
    (folder / "bcc").mkdir(parents=True)
    for name in ("__init__.py", "libbcc.py", "table.py"):
        (folder / "bcc" / name).touch()
    return folder / "bcc"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Look for bcc below a folder of our own alone."""
    monkeypatch.setattr(_bpf, "_BCC_FOLDERS", (str(tmp_path / "a"), str(tmp_path / "b")))
    monkeypatch.setattr(_bpf, "_BCC_GLOB", f"{tmp_path}/lib*/python3*/site-packages/bcc")
    return tmp_path


def test_bcc_is_found_where_distributions_put_it(nowhere: Path) -> None:
    second = fake_bcc(nowhere / "b")
    assert find_bcc() == second
    assert find_bcc() != fake_bcc(nowhere / "a") or find_bcc() == nowhere / "a" / "bcc"
    assert find_bcc() == nowhere / "a" / "bcc"


def test_a_distribution_with_a_numbered_python_is_found(nowhere: Path) -> None:
    assert fake_bcc(nowhere / "lib64" / "python3.99" / "site-packages") == find_bcc()


def test_the_other_project_of_that_name_is_not_taken_for_it(nowhere: Path) -> None:
    (nowhere / "a" / "bcc").mkdir(parents=True)
    (nowhere / "a" / "bcc" / "__init__.py").touch()
    with pytest.raises(CannotMeasureError, match="apt install python3-bpfcc"):
        find_bcc()


def test_neither_the_environment_nor_the_current_folder_decides_what_root_loads(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_bcc(nowhere)
    monkeypatch.chdir(nowhere)
    monkeypatch.setenv("PYTHONPATH", str(nowhere))
    with pytest.raises(CannotMeasureError, match="bcc is not installed"):
        find_bcc()


def test_the_source_holds_every_file_once_with_its_own_line_numbers() -> None:
    text = source()
    names = {path.name for path in resources.folder("bpf").glob("*.c")} | {"common.h"}
    assert set(re.findall(r'^#line 1 "(.+)"$', text, re.MULTILINE)) == names
    assert text.startswith('#line 1 "common.h"\n')


def test_every_program_that_is_attached_is_in_the_source() -> None:
    from diagnose import probes

    text = source()
    kinds = [getattr(probes, name) for name in probes.__all__ if name.endswith("Probe")]
    attachments = [a for kind in kinds for a in getattr(kind, "attachments", ())]
    assert len(attachments) > 10
    for attachment in attachments:
        assert re.search(rf"^int {attachment.function}\(", text, re.MULTILINE), attachment.function


def test_the_reasons_for_loss_are_the_kernels() -> None:
    common = (resources.folder("bpf") / "common.h").read_text()
    (block,) = re.findall(r"enum lost \{(.*?)\}", common, re.DOTALL)
    assert len([name for name in block.split(",") if name.strip() and "REASONS" not in name]) == len(LOST)


def test_tracepoints_are_named_as_the_kernel_names_them() -> None:
    for names in TRACEPOINTS.values():
        assert all(re.fullmatch(r"([a-z0-9_]+:)?[a-z0-9_]+", n) for name in names for n in name.split("|"))


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-1\n", 2), ("0-3,8", 5), ("0-3,8-11\n", 8), ("5", 1)])
def test_possible_cpus_are_counted(text: str, count: int, tmp_path: Path) -> None:
    file = tmp_path / "possible"
    file.write_text(text)
    assert _bpf._possible_cpus(file) == count


class FakeModule:
    """Attaches everything but what it is told to refuse."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused

    def attach(self, attachment: Attachment) -> str | None:
        return f"no {attachment.function} here" if attachment.event in self.refused else None


ATTACHMENTS = (
    Attachment("raw", "one", "on_one"),
    Attachment("raw", "two", "on_two", ("table.two",)),
    Attachment("raw", "three", "on_three", ("table.three", "table.four")),
)


def attach(*refused: str) -> dict[str, object]:
    record = attach_probe(FakeModule(*refused), "probe", ATTACHMENTS)  # type: ignore[arg-type]
    return record.model_dump()


def test_a_probe_that_attached_in_full_says_no_more() -> None:
    assert attach() == {"probe": "probe", "attached": True, "reason": None, "how_to_enable": None, "missing": []}


def test_a_probe_that_lacks_something_optional_names_the_columns() -> None:
    record = attach("three")
    assert record["attached"] is True
    assert record["missing"] == ["table.three", "table.four"]
    assert "three" in str(record["reason"])


def test_a_probe_that_lacks_something_essential_did_not_attach() -> None:
    for refused in (("one",), ("one", "two"), ("one", "two", "three")):
        record = attach(*refused)
        assert record["attached"] is False
        assert record["missing"] == []
        assert all(name in str(record["reason"]) for name in refused)


def test_what_others_write_to_standard_error_is_kept_off_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    with _bpf._quiet() as lines:
        os.write(2, b"a warning\n\nof a library\xff\n")
    os.write(2, b"seen\n")
    assert lines == ["a warning", "of a library\ufffd"]
    assert capfd.readouterr().err == "seen\n"


def test_standard_error_comes_back_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="bad"), _bpf._quiet():
        raise OSError(errno.EIO, "bad")
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"


def test_sizes_that_do_not_match_the_c_are_caught_before_anything_is_read() -> None:
    table = _bpf._Table(lib=None, name="evictions", fd=-1, key_bytes=24, leaf_bytes=8, max_entries=1)
    with pytest.raises(AssertionError, match=r"map evictions: C has 24\+8 bytes, Python 8\+8"):
        table.read(np.dtype([("id", "u8")]), np.dtype([("pages", "u8")]))
