"""What the models of the measurements share: how floats are kept, and what a reader does with keys it does not know."""

from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any

from pydantic import ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from diagnose.capture.base import Model

DIGITS = 6
"""Significant, of every float: on every machine the same capture gives the same report."""


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _figure(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else _rounded(value)


@dataclass(frozen=True)
class Rounded:
    """Metadata of a float, kept to `DIGITS`. A schema of its own is made in a third of the time of pydantic's."""

    or_none: bool = False

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.or_none:
            known = core_schema.nullable_schema(core_schema.float_schema())
            return core_schema.no_info_after_validator_function(_figure, known)
        number = core_schema.float_schema(allow_inf_nan=False)
        return core_schema.no_info_after_validator_function(_rounded, number)


Number = Annotated[float, Rounded()]
Figure = Annotated[float | None, Rounded(or_none=True)]
"""None: not measured, or nothing to divide; what is no number becomes None."""


class Part(Model):
    """A part of `measurements`, in base units that the keys' suffixes name; None: not measured.

    Its schema is closed: it says what this version writes. Of another version's report, a key that is not known here is
    left out as it is read; what has a default here was not in the first reports.
    """

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})
