"""Devices in words: which one, how fast, under which I/O limit, what it is made of."""

from __future__ import annotations

import pytest

from diagnose.analysis.facts.block import Device, DeviceTime, DeviceTimes
from diagnose.analysis.facts.io_limits import (
    DeviceLayers,
    DeviceRemedy,
    DeviceSlowedBy,
    IoLimit,
    IoLimits,
    LimitedReads,
    OthersOnDevice,
    OthersOnDevices,
)
from diagnose.report.wording.facts_devices import (
    device_layers,
    device_name,
    device_remedy,
    device_slowed_by,
    device_times,
    io_limits,
    others_on_devices,
)
from diagnose.report.wording.writer import Names, Writer


def writer() -> Writer:
    return Names({"/dg": "dg.slice"}).writer()


def test_a_name_hides_nothing() -> None:
    assert device_name(Device("dm-0\x1b[0m"), writer()) == "dm-0\\x1b[0m"
    times = DeviceTimes((DeviceTime("loop0", 24_000_000), DeviceTime("v\nda", 90_000)))
    assert device_times(times, writer()) == "loop0 24 ms, v␤da 90 µs"


OWN = LimitedReads(
    IoLimit("/dg/svc", "vda", "254:0", "riops", "blkio.throttle.read_iops_device", 40), own=True, made=39.96
)
ABOVE = LimitedReads(IoLimit("/dg", "vda", "254:0", "rbps", "io.max", 1 << 20), own=False, made=1 << 19)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (None, "whether an I/O limit holds the service back on loop0 was not measured"),
        ((), "no I/O limit of the service's own is set on loop0, so that it is slow itself, or what is below"),
        (
            (OWN,),
            "a limit of the service's own holds it to 40 reads/s on vda (blkio.throttle.read_iops_device of /dg/svc), "
            "and it made 40",
        ),
        (
            (OWN, ABOVE),
            "a limit of the service's own holds it to 40 reads/s on vda (blkio.throttle.read_iops_device of /dg/svc), "
            "and it made 40 and a limit of dg.slice (/dg), in which the service lies, holds that to 1 MiB/s of reads "
            "on vda (io.max of dg.slice), and it made 512 KiB/s",
        ),
    ],
    ids=["not looked for", "none", "own", "own and above"],
)
def test_the_io_limits(limits: tuple[LimitedReads, ...] | None, said: str) -> None:
    assert io_limits(IoLimits("loop0", limits), writer()) == said


def test_who_makes_the_device_slow() -> None:
    assert device_slowed_by(DeviceSlowedBy("nobody"), writer()) == "nobody else"
    assert device_slowed_by(DeviceSlowedBy("own-limit"), writer()) == ("the service itself, at an I/O limit of its own")
    assert device_slowed_by(DeviceSlowedBy("limit-above", "/dg"), writer()) == "the I/O limit of dg.slice (/dg)"


def test_what_to_do_about_a_slow_device() -> None:
    assert device_remedy(DeviceRemedy(True, "loop0", 0.024), writer()) == (
        "Raise the I/O limit that was reached, or let the service make fewer reads"
    )
    assert device_remedy(DeviceRemedy(False, "loop0", 0.024), writer()) == (
        "Mend what makes loop0 take 24 ms for a read, or move the data to another device"
    )


def test_how_much_others_use_the_limited_devices() -> None:
    others = OthersOnDevices((OthersOnDevice("vda", 40, 200), OthersOnDevice("vdb", 0, 1)))
    assert others_on_devices(others, writer()) == (
        "on vda they made 40 of 200 requests and on vdb they made 0 of 1 request"
    )


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (DeviceLayers("loop0", known=False), "what loop0 is made of was not measured (lsblk -s shows it)"),
        (DeviceLayers("vda", known=True), "nothing is known to lie below vda"),
        (DeviceLayers("dm-0", True, ("md0", "vda")), "dm-0 lies on md0 and vda"),
        (DeviceLayers("loop0", True, ("vda",), "/srv/im\nage"), "loop0 is the file /srv/im␤age on vda"),
        (
            DeviceLayers("loop0", True, ("vda",), "/srv/image", 24e6, (DeviceTime("vda", 90e3),)),
            "loop0 is the file /srv/image on vda; vda served the service's reads in 90 µs on average, against 24 ms "
            "here, so the time is lost above that",
        ),
        (
            DeviceLayers("dm-0", True, ("md0", "vda"), None, 24e6, (DeviceTime("md0", 90e3), DeviceTime("vda", 12e6))),
            "dm-0 lies on md0 and vda; md0 served the service's reads in 90 µs and vda served the service's reads in "
            "12 ms on average, against 24 ms here",
        ),
    ],
)
def test_what_a_device_is_made_of(layers: DeviceLayers, said: str) -> None:
    assert device_layers(layers, writer()) == said
