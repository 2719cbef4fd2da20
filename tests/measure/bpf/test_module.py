"""What of the module needs no kernel: joining the sources, partial attachment."""

from __future__ import annotations

import re

from diagnose import resources
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import LOST, attach_probe
from diagnose.measure.build import source
from diagnose.measure.probes import TRACEPOINTS


def test_the_source_holds_every_file_once_with_its_own_line_numbers() -> None:
    text = source()
    names = {path.name for path in resources.folder("bpf").glob("*.c")} | {"common.h"}
    assert set(re.findall(r'^#line 1 "(.+)"$', text, re.MULTILINE)) == names
    assert text.startswith('#line 1 "common.h"\n')


def test_every_program_that_is_attached_is_in_the_source() -> None:
    from diagnose.measure import probes

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
