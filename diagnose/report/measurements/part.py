"""What the models of the measurements share: how floats are kept, and what a reader does with keys it does not know."""

from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict

from diagnose.capture.base import Model

DIGITS = 6
"""Significant, of every float: on every machine the same capture gives the same report."""


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _known(value: object) -> object:
    return None if isinstance(value, float) and not isfinite(value) else value


Number = Annotated[float, AfterValidator(_rounded)]
Figure = Annotated[Number | None, BeforeValidator(_known)]
"""None: not measured, or nothing to divide; what is no number becomes None."""


class Part(Model):
    """A part of `measurements`, in base units that the keys' suffixes name; None: not measured.

    Its schema is closed: it says what this version writes. Of another version's report, a key that is not known here is
    left out as it is read; what has a default here was not in the first reports.
    """

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})
