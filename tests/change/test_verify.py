"""Before against after: the report of the change, and the capture made after it."""

from __future__ import annotations

from diagnose.change.compare import ServiceRecreated, StoppedEarly
from diagnose.change.figures import figures_of
from diagnose.change.verify import judge, notes
from tests.helpers.change_record import change_record
from tests.helpers.example_report import example_capture, example_report


def test_the_same_capture_again_is_no_change() -> None:
    capture = example_capture()
    before = figures_of(example_report(capture), ["/dg/batch"])
    assert before is not None
    assert before.neighbours[0].inserted_pages == 40 * 20_000
    comparison = judge(change_record(before), before, example_report(capture), capture)
    assert comparison.verdict == "no change"
    assert comparison.slow_share.value == 0
    assert comparison.load_ratio == 1
    assert comparison.rule_still_fires is True


def test_what_may_be_in_the_difference_besides_the_change() -> None:
    record = change_record(None)
    whole = example_capture()
    assert notes(record, 11, whole) == []
    cut = whole.model_copy(update={"interrupted": True, "requested_windows": whole.windows + 1})
    assert notes(record, 12, cut) == [ServiceRecreated(), StoppedEarly(whole.windows, whole.windows + 1)]
