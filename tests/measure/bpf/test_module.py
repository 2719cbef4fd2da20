"""What of the module needs no kernel: partial attachment."""

from __future__ import annotations

from diagnose.capture.model import ProbeRecord
from diagnose.measure.bpf.attachment import Attachment
from diagnose.measure.bpf.module import attach_probe


class FakeModule:
    """Attaches everything but what it is told to refuse."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused

    def chosen(self, attachment: Attachment) -> Attachment:
        return attachment.stand_ins[0] if attachment.stand_ins else attachment

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
    assert ProbeRecord.model_validate(attach()) == ProbeRecord(probe="probe", attached=True)


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


def test_what_stands_in_is_attached_in_its_place() -> None:
    older = Attachment("raw", "older", "on_it", ("table.two",))
    attachments = (Attachment("raw", "newer", "on_it", ("table.two",), stand_ins=(older,)), ATTACHMENTS[0])
    assert attach_probe(FakeModule("newer"), "probe", attachments).reason is None  # type: ignore[arg-type]
    refused = attach_probe(FakeModule("older"), "probe", attachments)  # type: ignore[arg-type]
    assert (refused.attached, refused.missing) == (True, ["table.two"])
    assert refused.reason == "older: no … here"
