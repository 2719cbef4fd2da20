"""I/O limits, devices and neighbours held back, in words."""

from __future__ import annotations

from dataclasses import replace

from diagnose.analysis.facts.io_limits import IoLimit
from diagnose.recommend.steps.slow_device import InspectDevice, RaiseIoLimit, ShowIoLimits
from diagnose.recommend.steps.throttle import Rate, ThrottleDevice
from diagnose.report.wording.steps_device import inspect_device, raise_io_limit, show_io_limits, throttle_device
from diagnose.report.wording.writer import Names

NAMES = Names({"/dg/batch": "batch"})
LIMIT = IoLimit(cgroup="/dg/svc", device="vda", number="254:0", kind="riops", file="io.max", allowed=4096)
THROTTLE = ThrottleDevice(
    cgroup="/dg/batch",
    device="vda",
    number="254:0",
    rates=(Rate("riops", 2000.0, 1000), Rate("wiops", 250.0, 125)),
    cgroup_version=2,
    makes_cgroup=False,
    commands=(),
)


def test_a_limit_is_raised_in_its_unit() -> None:
    text = raise_io_limit(RaiseIoLimit(limit=LIMIT, to_per_second=8192, commands=()), NAMES.writer)
    assert text.says == (
        "raise the I/O limit on vda (254:0), io.max of /dg/svc, from 4,096 to 8,192 reads a second: twice, as a "
        "beginning; then measure again."
    )
    assert text.arithmetic == ("twice 4,096 reads a second: 8,192",)
    of_bytes = RaiseIoLimit(limit=replace(LIMIT, kind="rbps"), to_per_second=8192, commands=())
    assert "8,192 bytes a second" in raise_io_limit(of_bytes, NAMES.writer).says


def test_a_limit_that_was_not_looked_for_is_not_said_to_be_none() -> None:
    assert (
        "which is not in this capture" in show_io_limits(ShowIoLimits(looked_for=False, commands=()), NAMES.writer).says
    )
    assert "this capture has none" in show_io_limits(ShowIoLimits(looked_for=True, commands=()), NAMES.writer).says


def test_what_lies_below_is_looked_at_too() -> None:
    bare = inspect_device(InspectDevice(device="vda", below=(), commands=()), NAMES.writer)
    assert bare.says.startswith("look at vda: rate, queue")
    chain = inspect_device(InspectDevice(device="loop0", below=("dm-0", "vda"), commands=()), NAMES.writer)
    assert chain.says.startswith("look at loop0, and at dm-0 below it, vda below it: rate, queue")


def test_a_neighbour_is_held_to_half_of_what_it_made() -> None:
    text = throttle_device(THROTTLE, NAMES.writer)
    assert text.says == (
        "hold batch (/dg/batch) on vda (254:0) to 1,000 reads a second (it made 2,000) and 125 writes a second (it "
        "made 250): half, to begin with; then measure again."
    )
    assert text.arithmetic == ("reads: half of 2,000 a second: 1,000", "writes: half of 250 a second: 125")


def test_what_a_limit_of_v1_does_not_hold_back_is_told_and_that_a_cgroup_is_made() -> None:
    text = throttle_device(replace(THROTTLE, cgroup_version=1, number=None), NAMES.writer)
    assert text.says.startswith("hold batch (/dg/batch) on vda to ")
    assert text.says.endswith("writes through the page cache go past it.")
    made = throttle_device(replace(THROTTLE, cgroup_version=1, makes_cgroup=True), NAMES.writer)
    assert "no blkio cgroup of their own, so one is made for them" in made.says
