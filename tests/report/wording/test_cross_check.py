"""The verdict of the cross-check in words."""

from __future__ import annotations

from typing import get_args

from diagnose.capture import file as captures
from diagnose.lab import RECORDED
from diagnose.report.measurements.build import measure
from diagnose.report.measurements.eviction_models import Agreement
from diagnose.report.measurements.model import Measurements
from diagnose.report.wording.cross_check import VERDICTS, with_verdict


def test_every_agreement_has_its_words() -> None:
    assert set(VERDICTS) == set(get_args(Agreement))


def test_the_words_are_in_the_report_and_the_code_is_not() -> None:
    bare = measure(captures.load(RECORDED / "noisy-neighbour.capture.json.gz")[0])
    told = with_verdict(bare).blame
    assert bare.blame is not None
    assert told is not None
    assert bare.blame.cross_check.verdict == ""
    assert told.cross_check.agreement == "agreed"
    assert told.cross_check.model_dump()["verdict"] == "the two agree within the stated tolerance"
    assert "agreement" not in told.cross_check.model_dump()


def test_what_was_not_measured_or_was_written_before_stays_as_it_is() -> None:
    assert with_verdict(Measurements()) == Measurements()
